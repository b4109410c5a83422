"""Waivers: which rule one service need not keep, until when, and why."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from components.spec.fault import SpecError
from components.spec.files import read_document


class Waiver(BaseModel):
    """One waiver. ``service``: the service's name (or the pool's, of a rule of pools). ``until``: the last day it holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rule: str = Field(min_length=1, description="id of the rule")
    service: str = Field(min_length=1, description="name of the service or pool")
    until: date = Field(description="last day on which it holds")
    reason: str = Field(min_length=1, description="why, for whoever reads it next")

    def __str__(self) -> str:
        """Name it in a sentence."""
        return f"the waiver of {self.rule} for {self.service!r} ended on {self.until} ({self.reason})."


EXPIRED_FIX = "Mend what it excuses and delete it, or agree on a later day."
"""What to do about one that has ended."""

FILE = "waivers.yaml"
"""Where waivers are looked for when nothing says where."""


def read_waivers(named: str | None, folder: Path) -> tuple[tuple[Waiver, ...], tuple[str, ...]]:
    """Return the waivers of the file ``named`` (from ``folder``), and a sentence for each thing that is wrong with it.

    Without a name it is ``waivers.yaml``, which need not be there; one that is named has to be.
    """
    path = folder / (named or FILE)
    if named is None and not path.exists():
        return (), ()
    try:
        document = read_document(path, named or FILE)
    except SpecError as error:
        return (), tuple(map(str, error.faults))
    return waivers_of(document.data, document.source)


def waivers_of(data: Any, source: str) -> tuple[tuple[Waiver, ...], tuple[str, ...]]:
    """Return the waivers in the data of a file, and a sentence for each entry that is none."""
    if data is None:
        return (), ()
    if not isinstance(data, list):
        return (), (f"{source} has to be a list of waivers: rule, service, until, reason.",)
    found: list[Waiver] = []
    faults: list[str] = []
    for number, entry in enumerate(data, 1):
        try:
            found.append(Waiver.model_validate(entry))
        except ValidationError as error:
            faults.append(
                f"{source}, waiver {number}: {_said(error.errors())}. It has rule, service, until and reason."
            )
    return tuple(found), tuple(faults)


def _said(errors: Iterable[Any]) -> str:
    return "; ".join(
        f"{'.'.join(str(part) for part in each['loc']) or 'the entry'}: {each['msg']}" for each in errors
    )
