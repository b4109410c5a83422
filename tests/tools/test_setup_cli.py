"""Which CLI setup takes, and what it says where there is none."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest

from tools.setup import bin_folder, go_build, official, pulumi_cli
from tools.setup.layout import Layout, toolchain_cache
from tools.setup.report import SetupError

VERSION = "v3.259.0"
GO = """\
#!/bin/sh
# list -deps prints packages, list -m the folder of the SDK, build makes what follows -o
case "$1 $2" in
  "list -deps") echo one; echo two ;;
  "list -m") echo "$FAKE_SDK" ;;
  build*) echo compiling >&2; while [ "$1" != -o ]; do shift; done; echo built > "$2" ;;
esac
exit ${FAKE_EXIT:-0}
"""


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No CLI, no Go, no network and an empty cache, until a test puts them there."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path / "path"), "/usr/bin", "/bin"]))
    monkeypatch.setattr(official, "SITE", (tmp_path / "site").as_uri())


@pytest.fixture
def checkout(layout: Layout) -> Layout:
    """A checkout that pins a version."""
    layout.go_module.mkdir(parents=True)
    (layout.go_module / "go.mod").write_text(f"require github.com/pulumi/pulumi/pkg/v3 {VERSION}\n")
    (layout.go_module / "go.sum").touch()
    return layout


def script(path: Path, text: str) -> None:
    """Write something that can be run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def says(version: str) -> str:
    """Return a CLI that only knows its version."""
    return f"#!/bin/sh\necho {version}\n"


def release(tmp_path: Path, text: str) -> None:
    """Publish a release on the test's own site."""
    script(tmp_path / "pulumi" / "pulumi", text)
    script(tmp_path / "pulumi" / "pulumi-language-python", text)
    (tmp_path / "site").mkdir()
    name = f"pulumi-{VERSION}-{official.folder(VERSION).name.removeprefix(f'official-{VERSION}-')}.tar.gz"
    with tarfile.open(tmp_path / "site" / name, "w:gz") as archive:
        archive.add(tmp_path / "pulumi", "pulumi")


def test_a_cli_on_the_path_goes_first(
    checkout: Layout, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script(tmp_path / "path" / "pulumi", says("v3.300.1"))
    script(tmp_path / "path" / "pulumi-language-python", "")
    assert pulumi_cli.ensure(checkout) == pulumi_cli.Cli(tmp_path / "path", needs_host=False)
    assert capsys.readouterr().out.count("\n") == 1


@pytest.mark.parametrize("version", ["v3.254.9", "v2.300.0", "nonsense"])
def test_one_that_is_too_old_is_not_taken(checkout: Layout, tmp_path: Path, version: str) -> None:
    script(tmp_path / "path" / "pulumi", says(version))
    script(tmp_path / "path" / "pulumi-language-python", "")
    assert pulumi_cli.on_path(checkout) is None


def test_one_without_a_language_host_is_not_taken(checkout: Layout, tmp_path: Path) -> None:
    script(tmp_path / "path" / "pulumi", says("v3.300.1"))
    assert pulumi_cli.on_path(checkout) is None


def test_what_setup_made_is_not_the_users(
    checkout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    another = Layout(tmp_path / "another")
    for folder in (checkout.bin, another.bin, toolchain_cache() / "official"):
        script(folder / "pulumi", says("v3.300.1"))
        script(folder / "pulumi-language-python", "")
        monkeypatch.setenv("PATH", str(folder))
        assert pulumi_cli.on_path(checkout) is None


def test_the_official_release_goes_second_and_is_fetched_once(
    checkout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release(tmp_path, says(VERSION))
    cli = pulumi_cli.ensure(checkout)
    assert not cli.needs_host
    assert sorted(path.name for path in cli.folder.iterdir()) == ["pulumi", "pulumi-language-python"]
    monkeypatch.setattr(official, "SITE", "file:///nowhere")
    assert pulumi_cli.ensure(checkout) == cli


@pytest.mark.parametrize("text", [says("v3.1.0"), "#!/bin/sh\nexit 1\n"])
def test_a_release_that_is_not_what_was_asked_for_is_not_kept(tmp_path: Path, text: str) -> None:
    release(tmp_path, text)
    assert not official.fetch(VERSION)
    assert list(toolchain_cache().iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"<html>sign in first</html>", b"\x1f\x8b\x08\x00broken"])
def test_an_archive_that_is_none_is_not_kept(tmp_path: Path, content: bytes) -> None:
    release(tmp_path, says(VERSION))
    (archive,) = (tmp_path / "site").iterdir()
    archive.write_bytes(content)
    assert not official.fetch(VERSION)
    assert list(toolchain_cache().iterdir()) == []


def test_without_any_of_them_and_without_go_all_ways_out_are_named(checkout: Layout) -> None:
    with pytest.raises(SetupError, match=r"(?s)none on PATH.*cannot be reached.*Go.*not installed.*Install"):
        pulumi_cli.ensure(checkout)


@pytest.fixture
def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Go that builds in no time."""
    script(tmp_path / "path" / "go", GO)
    for name in go_build.SDK_SCRIPTS:
        script(tmp_path / "sdk" / name, "")
    monkeypatch.setenv("FAKE_SDK", str(tmp_path / "sdk"))


@pytest.mark.usefixtures("go")
def test_the_build_goes_last_and_lies_in_the_checkout_with_the_host(checkout: Layout) -> None:
    cli = pulumi_cli.ensure(checkout)
    assert cli.needs_host
    folder = bin_folder.ensure(checkout, cli.folder)
    assert sorted(path.name for path in folder.iterdir()) == [
        "pulumi", "pulumi-language-python", "pulumi-language-python-exec", "pulumi-resource-pulumi-python",
    ]  # fmt: skip
    assert all(os.access(path, os.X_OK) for path in folder.iterdir() if path.name != "pulumi")


@pytest.mark.usefixtures("go")
def test_a_failed_build_is_told_and_leaves_nothing(checkout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_EXIT", "1")
    with pytest.raises(SetupError, match="run `make setup` again"):
        pulumi_cli.ensure(checkout)
    assert list(toolchain_cache().iterdir()) == []


@pytest.mark.usefixtures("go")
def test_other_modules_make_another_build(checkout: Layout) -> None:
    first = pulumi_cli.ensure(checkout).folder
    bin_folder.ensure(checkout, first)
    (checkout.go_module / "go.sum").write_text("changed")
    second = pulumi_cli.ensure(checkout).folder
    assert second != first
    (second / "pulumi").write_text("another\n")
    assert (bin_folder.ensure(checkout, second) / "pulumi").read_text() == "another\n"
