"""The launch script: whatever text it is given reaches the process unchanged, and supervisord's file is given none."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from components.runtimes.local.folder import slug
from components.runtimes.local.launch import GAVE_UP, READY, STARTS, TRIES, program, script

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)


def run(folder: Path, text: str) -> int:
    (folder / "launch").write_text(text, encoding="utf-8", newline="")
    return subprocess.run(["/bin/sh", "launch"], cwd=folder, timeout=60, check=False, env={}).returncode


@settings(max_examples=40, deadline=None)
@given(values=st.lists(TEXT, max_size=4), words=st.lists(TEXT, max_size=4), name=TEXT)
def test_any_text_reaches_the_process_unchanged(values: list[str], words: list[str], name: str) -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        log = folder / f"log {slug(name)} %s 'x'"
        variables = {f"V{number}": value for number, value in enumerate(values)}
        command = ("/usr/bin/env", "printf", "%s\\0", *variables.values(), *words)
        tell = "".join(f'printf "%s\\0" "$V{number}"; ' for number in range(len(values)))
        assert run(folder, script("svc", f"{tell} :", variables, project=folder, log=log)) == 0
        (folder / READY).touch()
        assert run(folder, script("svc", command, {}, project=folder, log=log)) == 0
        printed = log.read_bytes().decode().split("\0")
        # printf prints its pattern once even where it is given no words.
        assert printed == [*values, *((values + words) or [""]), ""]


def test_it_starts_so_many_times_before_the_first_answer_and_then_no_more(tmp_path: Path) -> None:
    text = script("svc", ("true",), {}, project=tmp_path, log=tmp_path / "log")
    assert [run(tmp_path, text) for _ in range(TRIES + 2)] == [0] * TRIES + [GAVE_UP] * 2
    assert len((tmp_path / STARTS).read_text().splitlines()) == TRIES


def test_once_it_has_answered_it_starts_for_ever_and_its_list_does_not_grow_for_ever(tmp_path: Path) -> None:
    (tmp_path / READY).touch()
    text = script("svc", ("true",), {}, project=tmp_path, log=tmp_path / "log")
    assert {run(tmp_path, text) for _ in range(60)} == {0}
    assert len((tmp_path / STARTS).read_text().splitlines()) == 10


def test_it_writes_down_its_own_process_and_the_one_above(tmp_path: Path) -> None:
    text = script("svc", ("true",), {}, project=tmp_path, log=tmp_path / "log")
    run(tmp_path, text)
    process, parent = (tmp_path / STARTS).read_text().split()
    assert process != parent
    assert int(parent) == os.getpid()


@given(instance=st.text(max_size=200))
def test_supervisords_section_holds_nothing_to_expand_or_to_quote(instance: str) -> None:
    section = program(slug(instance), f"0123.{slug(instance)}", grace=0)
    assert section.isascii()
    assert section.count("%") == 1
    assert "%(here)s" in section
    assert "stopwaitsecs=1\n" in section
