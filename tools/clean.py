"""``python3 -m tools.clean`` removes what setup and the checks made, never what says what runs.

State, passphrase and stack files stay. While a stack holds something, everything stays: what runs was started
from this virtual environment, and stopping it needs the same tools.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tools.setup.layout import Layout
from tools.setup.stack import holds_resources

CACHES = (
    ".hypothesis",
    ".import_linter_cache",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    "build",
    "dist",
    "eas_slices.egg-info",
)


def main() -> int:
    """Remove it all, or say which stack still needs it."""
    layout = Layout(Path(__file__).resolve().parents[1])
    running = [record.stem for record in _records(layout) if holds_resources(layout, record.stem)]
    if running:
        first = running[0]
        print(
            f"clean: {' and '.join(running)} still hold resources, and stopping them needs what clean would "
            f"remove: run `make down STACK={first}` first",
            file=sys.stderr,
        )
        return 1
    made = [layout.venv, layout.bin, layout.home, *(layout.root / name for name in CACHES)]
    made += [path for path in layout.root.rglob("__pycache__") if layout.venv not in path.parents]
    for folder in made:
        shutil.rmtree(folder, ignore_errors=True)
    layout.env_file.unlink(missing_ok=True)
    print(f"clean: done; {layout.state.name}, {layout.passphrase.name} and the stack files are kept")
    return 0


def _records(layout: Layout) -> list[Path]:
    return sorted(layout.stack_record("any").parent.glob("*.json"))


if __name__ == "__main__":
    sys.exit(main())
