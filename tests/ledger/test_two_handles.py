"""Opening a ledger a second time in one process takes nothing away from the first: no lock, no log, no commit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from components.ledger import open_ledger
from tests.ledger.build import NOW

OTHER = """
import sys
from pathlib import Path
from components.ledger import open_ledger
from components.ledger.store import Ledger
from datetime import UTC, datetime
with open_ledger(sys.argv[1], home=Path(sys.argv[1]).parent, create=True) as ledger:
    print(len(ledger.events()), flush=True)
"""


def elsewhere(file: Path) -> int:
    """Open the ledger in another process, close it, and return how many events it saw."""
    done = subprocess.run(
        [sys.executable, "-c", OTHER, str(file)], capture_output=True, text=True, check=True, timeout=60
    )
    return int(done.stdout)


@pytest.mark.parametrize("second", ["exists", "read", "written"])
def test_a_second_handle_leaves_the_first_one_its_log(tmp_path: Path, second: str) -> None:
    """Closing any descriptor of a file drops the process's locks on it; then the next process to end deletes the log."""
    file = tmp_path / "ledger.db"
    with open_ledger(str(file), home=tmp_path, create=True) as first:
        for round_ in range(3):
            first.set_node_state("p", f"n{round_}", None, "lost", "operator", "test", "test", NOW)
            if second == "exists":
                assert open_ledger(str(file), home=tmp_path, create=False).exists
            else:
                open_ledger(str(file), home=tmp_path, create=second == "written").close()
            assert elsewhere(file) == round_ + 1
            assert (tmp_path / "ledger.db-wal").exists(), "the log of the first handle is still there"
    assert elsewhere(file) == 3, "nothing that was committed is lost"
