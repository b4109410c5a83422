"""A benchmark for tests: ``python -m tests.bench.tiny holds|misses|silent|crashes|lies --json``."""

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
    print(json.dumps({"figures": figures}))
    sys.exit(int(wish in ("misses", "lies")))
