"""Opening a runtime by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from components.runtimes.port import RuntimeFault
from components.runtimes.registry import open_runtime
from components.spec.pool_file import RUNTIMES


@pytest.mark.parametrize("name", RUNTIMES)
def test_each_runtime_opens_under_its_name_and_creates_nothing(name: str, tmp_path: Path) -> None:
    assert open_runtime(name, tmp_path / ".eas").name == name
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["kubernetes", "pai_eas", "pai-eas"])
def test_a_runtime_that_is_not_there_yet_is_refused_by_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(
        RuntimeFault, match=f"'{name}' is not in this version yet; write 'local' or 'simulated'"
    ):
        open_runtime(name, tmp_path)


def test_an_unknown_runtime_is_refused_with_those_that_exist(tmp_path: Path) -> None:
    with pytest.raises(RuntimeFault, match="there is no runtime 'locale'; write 'local' or 'simulated'"):
        open_runtime("locale", tmp_path)
