"""Registering a command: the options that all of them take, and the funnel that every failure goes through."""

from __future__ import annotations

import functools
import inspect
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from components.cli.base.ending import Exit, print_trace_if_asked, sentence_of
from components.cli.base.session import Session

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, for scripts.")]
StackOption = Annotated[
    str | None, typer.Option("--stack", "-s", metavar="NAME", help="The stack; default: the selected one.")
]
LedgerOption = Annotated[
    str | None,
    typer.Option(
        "--ledger", metavar="URL", help="The ledger; default: EAS_LEDGER, eas:ledger, .eas/ledger.db."
    ),
]
ProjectOption = Annotated[
    Path | None,
    typer.Option("--cwd", "-C", metavar="DIR", help="The project's folder; default: here or above."),
]

_COMMON: dict[str, Any] = {
    "json_output": JsonOption,
    "stack": StackOption,
    "ledger": LedgerOption,
    "cwd": ProjectOption,
}
_DEFAULTS: dict[str, Any] = {"json_output": False, "stack": None, "ledger": None, "cwd": None}

Body = Callable[..., Exit | None]


def command(app: typer.Typer, name: str, *, brief: str, examples: str) -> Callable[[Body], Body]:
    """Register a function as the command ``name``; its first parameter is the :class:`Session`.

    ``brief`` stands in the list of commands, ``examples`` are command lines, one a line, shown under the help. The
    function returns an exit status or None.
    """

    def register(body: Body) -> Body:
        named = app.command(name, help=_help_of(body), short_help=brief, epilog=_epilog_of(examples))
        named(_wrapped(body))
        return body

    return register


def _help_of(body: Body) -> str:
    """Return the docstring; click wraps its paragraphs."""
    return inspect.cleandoc(body.__doc__ or "")


def _epilog_of(examples: str) -> str:
    """Return the examples as lines that click does not wrap."""
    lines = "\n".join(f"  {line.strip()}" for line in examples.strip().splitlines())
    return f"\b\nExamples:\n{lines}"


def _wrapped(body: Body) -> Callable[..., None]:
    """Return the function that typer calls: common options become a session, and failures become a sentence."""

    @functools.wraps(body)
    def run(**arguments: Any) -> None:
        common = {name: arguments.pop(name) for name in _COMMON}
        session = Session(
            json_output=common["json_output"],
            stack_flag=common["stack"],
            ledger_flag=common["ledger"],
            folder=common["cwd"],
        )
        code = _guarded(session, lambda: body(session, **arguments))
        if code:
            raise typer.Exit(int(code))

    hints = get_type_hints(body, include_extras=True)
    own = list(inspect.signature(body).parameters.values())[1:]
    parameters = [parameter.replace(annotation=hints[parameter.name]) for parameter in own]
    parameters += [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=_DEFAULTS[name], annotation=annotation
        )
        for name, annotation in _COMMON.items()
    ]
    keyword_only = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in parameters]
    run.__signature__ = inspect.Signature(keyword_only)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in keyword_only}
    # `wraps` set it, and typer would look through it to the function's own signature.
    del run.__wrapped__
    return run


def _guarded(session: Session, call: Callable[[], Exit | None]) -> Exit:
    """Run a command; what goes wrong is one sentence on stderr (and an object on stdout with ``--json``)."""
    try:
        return call() or Exit.OK
    except (typer.Exit, typer.Abort):
        raise
    except BrokenPipeError:
        # The reader has seen enough (`eas plan | head`). Python would complain when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.FAILED
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the outermost place: nothing may pass as a traceback
        print_trace_if_asked(error)
        message, code = sentence_of(error)
        sys.stdout.flush()
        print(f"eas: {message}", file=sys.stderr)
        if session.json_output:
            print(json.dumps({"error": message, "exit": int(code)}, indent=2))
        return code
    finally:
        session.close()
