"""The page about known failures names every test of this folder, and no other."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "known-failures.md"


def test_every_row_has_tests_and_the_page_names_them_all() -> None:
    found = re.findall(
        r"^def (test_\d\d_\w+)", "\n".join(f.read_text() for f in HERE.glob("test_*.py")), re.M
    )
    named = re.findall(r"`(test_\d\d_\w+)`", PAGE.read_text())
    assert sorted(named) == sorted(found)
    assert {int(name[5:7]) for name in found} == set(range(1, 21))
