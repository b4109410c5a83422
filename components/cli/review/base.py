"""The findings of the base branch: from a saved report, or by reviewing a work tree of it as it stands there."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from components.cli.base.ending import CommandError, Exit
from components.cli.base.workspace import PROJECT_FILE, STATE_FOLDER, Workspace
from components.cli.review.report import Finding, finding_from

SHARED = (".venv", STATE_FOLDER)
"""What a work tree takes from the project, as no commit holds it."""


def base_findings(base: str, workspace: Workspace, options: list[str]) -> tuple[Finding, ...]:
    """Return the findings of ``base``: a file that `eas review --json` wrote, or a commit of the repository.

    ``options``: those of the review itself. Raises :class:`CommandError` where it is neither.
    """
    if Path(base).is_file():
        return _read(Path(base).read_text(encoding="utf-8"), base)
    with _work_tree(base, workspace) as project:
        if project is None:
            # The project is new on this branch.
            return ()
        return _reviewed(project, base, workspace, options)


def prefix_of(root: Path) -> str:
    """Return the project's folder in its repository (``infra/gpu/``); empty at its top, or outside of any."""
    done = _git(root, "rev-parse", "--show-prefix")
    return done.stdout.strip() if done.returncode == 0 else ""


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["git", *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except FileNotFoundError as error:
        raise CommandError("`git` is not on PATH; name a saved report instead of a commit") from error


@contextmanager
def _work_tree(commit: str, workspace: Workspace) -> Iterator[Path | None]:
    root = workspace.root
    with tempfile.TemporaryDirectory(prefix="eas-base-") as folder:
        tree = Path(folder, "tree")
        made = _git(root, "worktree", "add", "--detach", "--quiet", str(tree), commit)
        if made.returncode:
            said = " ".join(made.stderr.split())
            raise CommandError(f"{commit!r} is neither a saved report nor a commit here: {said}", Exit.USAGE)
        try:
            project = tree / prefix_of(root)
            if not (project / PROJECT_FILE).is_file():
                yield None
                return
            for name in SHARED:
                if (root / name).exists() and not (project / name).exists():
                    (project / name).symlink_to(root / name, target_is_directory=True)
            if not (project / workspace.stack_file.name).exists() and workspace.stack_file.is_file():
                (project / workspace.stack_file.name).write_bytes(workspace.stack_file.read_bytes())
            yield project
        finally:
            _git(root, "worktree", "remove", "--force", str(tree))


def _reviewed(project: Path, base: str, workspace: Workspace, options: list[str]) -> tuple[Finding, ...]:
    command = [sys.executable, "-m", "components.cli", "review", "--json", "--cwd", str(project)]
    done = subprocess.run(
        [*command, "--stack", workspace.stack, *options],
        cwd=project,
        env=workspace.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    return _read(done.stdout, f"the review of {base}")


def _read(text: str, source: str) -> tuple[Finding, ...]:
    try:
        return tuple(map(finding_from, json.loads(text)["findings"]))
    except (ValueError, KeyError, TypeError) as error:
        raise CommandError(f"{source} is no report of `eas review --json` ({error})") from error
