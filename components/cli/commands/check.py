"""``eas check``: the rules, without Pulumi, ledger or secret."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from components.cli.base import declared
from components.cli.base.command import command
from components.cli.base.ending import Exit
from components.cli.base.session import Session

if TYPE_CHECKING:
    from components.spec.fault import Fault
    from components.spec.pool import Pool

FilesArgument = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[FILE...]", help="Service files; default: all that this stack declares.", show_default=False
    ),
]
StrictOption = Annotated[
    bool, typer.Option("--strict", help="Fail as well on what EAS would silently ignore.")
]


def register(app: typer.Typer) -> None:
    """Add ``check``."""

    @command(
        app,
        "check",
        brief="judge service files by the rules",
        examples="""
            eas check
            eas check services/llm.json
            eas check --strict --json services/*.json
        """,
    )
    def check(session: Session, files: FilesArgument = None, strict: StrictOption = False) -> Exit:
        """Judge service files by the rules that EAS, this project and the policy pack go by.

        Needs neither Pulumi nor a stack; the pool.yaml beside a file, above it or here is used where there is one. Exit
        status: 0 all files can be used, 1 at least one is invalid (with --strict: or has a field without effect).
        """
        names, faults = (
            _judged_files(files, session.folder or Path.cwd()) if files else _judged_project(session)
        )
        if session.json_output:
            session.show([asdict(fault) for fault in faults], "")
        else:
            print(_report(names, faults))
        fatal = {"invalid", "ineffective"} if strict else {"invalid"}
        return Exit.FAILED if any(fault.level in fatal for fault in faults) else Exit.OK


def _judged_project(session: Session) -> tuple[list[str], list[Fault]]:
    """Judge everything that the stack declares."""
    project = declared.load(session, borrowed=False)
    names = [pool.source for pool in project.pools] + [service.source for service in project.services]
    return list(dict.fromkeys(names)), list(declared.faults_of(project))


def _judged_files(files: Sequence[Path], here: Path) -> tuple[list[str], list[Fault]]:
    """Judge files one by one, each with the pools of the ``pool.yaml`` beside or above it, else of the one ``here``."""
    found: list[Fault] = []
    pools: dict[Path, tuple[Pool, ...]] = {}
    names = [name for file in files for name in _expanded(file)]
    for file in names:
        place = _pool_file(file, here)
        if place is not None and place not in pools:
            pools[place], faults = _pools_of(place)
            found.extend(faults)
        if place is None or file.resolve() != place:
            found.extend(_judged_file(file, pools.get(place, ()) if place else ()))
    return [_shown(file) if file.resolve() in pools else str(file) for file in names], found


def _expanded(file: Path) -> list[Path]:
    """Return the file itself, or the service files of a folder."""
    from components.spec.project import SERVICE_SUFFIXES

    if not file.is_dir():
        return [file]
    return sorted(path for path in file.iterdir() if path.suffix in SERVICE_SUFFIXES and path.is_file())


def _pool_file(file: Path, here: Path) -> Path | None:
    """Return the ``pool.yaml`` in the file's folder, in the one above, or ``here``; None where there is none."""
    folder = file.resolve().parent
    candidates = (folder / "pool.yaml", folder.parent / "pool.yaml", here.resolve() / "pool.yaml")
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def _pools_of(file: Path) -> tuple[tuple[Pool, ...], list[Fault]]:
    """Read the pools of one file; its faults count as well."""
    from components.spec.project import load_project

    project = load_project(file.parent, pool_files=(file.name,), services="services")
    shown = _shown(file)
    own = [replace(fault, source=shown) for fault in project.faults if fault.source == file.name]
    return project.pools, own


def _shown(file: Path) -> str:
    """Return the file as a user here would name it."""
    here = Path.cwd()
    return str(file.relative_to(here)) if file.is_relative_to(here) else str(file)


def _judged_file(file: Path, pools: tuple[Pool, ...]) -> list[Fault]:
    """Judge one service file, with its pool where that can be told."""
    from components.rules import judge_service
    from components.spec.fault import Fault, SpecError
    from components.spec.files import read_document
    from components.spec.project import choose_pool, default_name
    from components.spec.service import parse_service

    try:
        document = read_document(file)
    except SpecError as error:
        return list(error.faults)
    service, faults = parse_service(
        document.data, source=document.source, default_name=default_name(file), document=document
    )
    if service is None:
        return list(faults)
    chosen = choose_pool(service, pools) if pools else None
    if isinstance(chosen, Fault):
        return [*faults, chosen, *judge_service(service, None)]
    return [*faults, *judge_service(service, chosen)]


def _report(names: Iterable[str], faults: Sequence[Fault]) -> str:
    """Return the faults under the name of their file, and a line for each file that has none."""
    by_file: dict[str, list[Fault]] = {name: [] for name in names}
    for fault in faults:
        by_file.setdefault(fault.source, []).append(fault)
    lines = []
    for name, own in by_file.items():
        if not own:
            lines.append(f"OK  {name}")
            continue
        lines.append(name)
        lines += [_line(fault) for fault in own]
    lines.append(_summary(by_file))
    return "\n".join(lines)


def _line(fault: Fault) -> str:
    """Return one fault without its file's name."""
    at = (
        ""
        if fault.line is None
        else f"{fault.line}: "
        if fault.column is None
        else f"{fault.line}:{fault.column}: "
    )
    fix = f" {fault.fix}" if fault.fix else ""
    return f"    {fault.level:11} {at}{fault.message}{fix} [{fault.rule}]"


def _summary(by_file: Mapping[str, Sequence[Any]]) -> str:
    """Return ``3 files: 1 invalid, 2 ineffective, 0 notices``."""
    from components.placement.picture import counted

    levels = [fault.level for own in by_file.values() for fault in own]
    counts = (
        f"{levels.count('invalid')} invalid, {levels.count('ineffective')} ineffective, "
        f"{counted(levels.count('notice'), 'notice')}"
    )
    return f"{counted(len(by_file), 'file')}: {counts}"
