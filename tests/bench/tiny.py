"""A benchmark for tests: ``python -m tests.bench.tiny holds|misses|silent|crashes|lies|skips --json``."""

import json
import sys

wish = sys.argv[1]
print("measuring", file=sys.stderr)
if wish == "crashes":
    raise SystemExit("no such disk")
if wish == "silent":
    print("nothing was measured")
else:
    within = wish != "misses"
    figures = [
        {"name": "seconds", "value": 1.5, "unit": "s", "target": 2.0 if within else 1.0, "holds": within},
        {"name": "memory", "value": 1200, "unit": "MiB", "target": None, "holds": True},
    ]
    print("seconds 1.5")
    skipped = ["postgresql: no server"] if wish == "skips" else []
    print(json.dumps({"figures": figures, "skipped": skipped}))
    sys.exit(int(wish in ("misses", "lies")))
