"""Rules of slicing. Source: EAS, "GPU slicing"; what the page does not say is marked."""

from __future__ import annotations

import re
from collections.abc import Iterator

from components.rules.facts import CardKind
from components.rules.rule import Complaint, Rule
from components.rules.views import ServiceView
from components.spec.units import slice_mib

RESOURCE_ID = re.compile(r"(eas-r-|eas-vr-|quota).+")
"""Dedicated group, virtual group, resource quota: the three on which slicing works."""

_TENSOR = re.compile(r"(?:--tensor[-_]parallel[-_]size|(?<!\S)-tp|--tp(?:-size)?)[ =]+(\d+)")
_PROCESSES = re.compile(
    r"(?:--workers|--nproc[-_]per[-_]node|--num[-_]workers|(?:gunicorn|uvicorn)\b[^;&|\n]*?\s-w)[ =]+(\d+)"
)
_ENFORCED_PER_PROCESS = ("local", "kubernetes")


def _percentage_alone(view: ServiceView) -> Iterator[Complaint]:
    percentage = view.meta.gpu_core_percentage
    if percentage and view.meta.gpu_memory == 0:
        message = f"metadata.gpu_core_percentage is {percentage}, but gpu_memory is not set: EAS ignores it."
        yield Complaint("metadata.gpu_core_percentage", percentage, message)


def _whole_card(view: ServiceView) -> Iterator[Complaint]:
    for key in ("gpu_memory", "gpu_core_percentage"):
        if value := getattr(view.meta, key):
            cards = "a whole card" if view.meta.gpu == 1 else f"{view.meta.gpu} whole cards"
            gets = f"gpu is {view.meta.gpu}: an instance gets {cards}"
            message = f"metadata.{key} is {value}, but {gets}, and EAS ignores it."
            yield Complaint(f"metadata.{key}", value, message)


def _dedicated(view: ServiceView) -> Iterator[Complaint]:
    if view.resource and not RESOURCE_ID.fullmatch(view.resource):
        written = bool(view.meta.quota_id and not view.meta.resource)
        field = "metadata.quota_id" if written else "metadata.resource"
        message = f"the slice is for {view.resource!r}, which is no dedicated group, virtual group or quota."
        yield Complaint(field, view.resource, message)


def _fits_card(view: ServiceView) -> Iterator[Complaint]:
    if view.facts is None or (view.facts.discover and not view.facts.cards):
        return
    claim = view.service.claim()
    allowed = view.facts.allowed(claim)
    asked = claim.gpu_memory
    if not allowed or any(_short(card, asked) <= 0 for card in allowed):
        # No allowed card at all is another fault: card-model-known, instance-type-in-pool, enough-cards.
        return
    # By what may be written, since MiB of a GiB and of a GB node do not compare: the advice must be the best there is.
    nearest = min(allowed, key=lambda card: (-card.most, _short(card, asked), card.model, card.instance_type))
    needs = slice_mib(asked, nearest.unit)
    message = (
        f"metadata.gpu_memory is {asked} {nearest.unit} ({needs} MiB), larger than any card of pool "
        f"{view.facts.pool!r} that it may use: the nearest, {nearest}, is {_short(nearest, asked)} MiB short."
    )
    fix = f"Write {nearest.most} or less" if nearest.most else "Use a pool with larger cards"
    yield Complaint("metadata.gpu_memory", asked, message, f"{fix}; {override_of(nearest)}")


def _short(card: CardKind, asked: int) -> int:
    return slice_mib(asked, card.unit) - card.memory_mib


def override_of(card: CardKind) -> str:
    """Return how a capacity is corrected that is not what the card has."""
    return (
        f"or, if {card.instance_type or 'the node'} has more, say so in the pool file: `memory_mib` of the "
        "card (as nvidia-smi reports it), or `capacity: nominal`."
    )


def _tensor_parallel(view: ServiceView) -> Iterator[Complaint]:
    cards = max(view.meta.gpu, 1)
    for field, text in view.commands:
        for match in _TENSOR.finditer(text):
            if (size := int(match[1])) > cards:
                has = "one card" if cards == 1 else f"{cards} cards"
                asks = f"{field} asks for a tensor parallel size of {size}"
                message = f"{asks}, but an instance has {has}: it will not start."
                yield Complaint(field, match[0], message)


def _per_process(view: ServiceView) -> Iterator[Complaint]:
    for field, text in view.commands:
        for match in _PROCESSES.finditer(text):
            if (count := int(match[1])) > 1:
                message = (
                    f"{field} starts {count} processes; a slice's limits hold for each, not for their sum."
                )
                yield Complaint(field, match[0], message)


def _multiple_of_five(view: ServiceView) -> Iterator[Complaint]:
    percentage = view.meta.gpu_core_percentage
    if percentage % 5:
        message = f"metadata.gpu_core_percentage is {percentage}; ACK's scheduler takes multiples of 5 only."
        yield Complaint(
            "metadata.gpu_core_percentage", percentage, message, f"Write {percentage // 5 * 5 + 5}."
        )


def _sliced(view: ServiceView) -> bool:
    return view.meta.sliced


SLICING: tuple[Rule[ServiceView], ...] = (
    Rule(
        "slice-percentage-needs-memory",
        "ineffective",
        "slicing",
        "gpu_core_percentage without gpu_memory has no effect.",
        "Write gpu_memory, or leave gpu_core_percentage out.",
        _percentage_alone,
        lambda view: view.meta.gpu == 0,
    ),
    Rule(
        "whole-card-ignores-slice",
        "ineffective",
        "slicing",
        "With gpu of 1 or more, gpu_memory and gpu_core_percentage have no effect: the cards are whole.",
        "Leave gpu out (or write 0) to share a card, or leave gpu_memory and gpu_core_percentage out.",
        _whole_card,
        lambda view: view.meta.gpu >= 1,
    ),
    Rule(
        "slice-needs-dedicated",
        "invalid",
        "slicing",
        "Slices exist only in a dedicated (eas-r-...) or virtual (eas-vr-...) group or a quota (quota...).",
        "Write the id of one, or ask for whole cards (gpu).",
        _dedicated,
        _sliced,
    ),
    Rule(
        "slice-fits-card",
        "invalid",
        "slicing",
        "A slice fits on some card that its service may use, in that card's unit and real capacity.",
        "Ask for less, or correct the card's capacity in the pool file.",
        _fits_card,
        _sliced,
    ),
    Rule(
        "tensor-parallel-has-cards",
        "ineffective",
        "slicing",
        "A command's tensor parallel size is at most an instance's number of cards; a slice is on one.",
        "Write gpu with that many whole cards, or a tensor parallel size of 1.",
        _tensor_parallel,
    ),
    Rule(
        "limit-per-process",
        "notice",
        "slicing",
        "Where limits are held by CUDA MPS they are per process: a slice runs one process on the card.",
        "Start one process per instance and raise instance instead.",
        _per_process,
        lambda view: view.meta.sliced and view.runtime in _ENFORCED_PER_PROCESS,
    ),
    Rule(
        "percentage-multiple-of-5",
        "notice",
        "slicing",
        "On ACK with compute isolation a percentage is a multiple of 5.",
        "Write a multiple of 5.",
        _multiple_of_five,
        lambda view: view.meta.sliced and view.runtime == "kubernetes",
    ),
)
