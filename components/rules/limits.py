"""Rules that a team may set for its slices: judged by the policy pack, where it is configured to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

from pydantic import Field, model_validator

from components.rules.parameters import Parameters
from components.rules.rule import Complaint, Rule, limit
from components.rules.views import ServiceView


class Sizes(Parameters):
    """Bounds of a slice, as a service file writes it."""

    gpu_memory: int | None = Field(
        default=None, ge=1, description="of gpu_memory as written: GiB on ecs.*, GB on ml.* nodes"
    )
    gpu_core_percentage: int | None = Field(default=None, ge=1, le=100, description="of gpu_core_percentage")

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.gpu_memory is None and self.gpu_core_percentage is None:
            raise ValueError("say gpu_memory, gpu_core_percentage or both")
        return self

    def bounds(self) -> Iterator[tuple[str, int]]:
        """Yield (field, bound) of what is bounded."""
        for name in ("gpu_memory", "gpu_core_percentage"):
            if (bound := getattr(self, name)) is not None:
                yield name, bound


def _no_percentage(view: ServiceView) -> Iterator[Complaint]:
    if not view.meta.gpu_core_percentage:
        message = (
            f"metadata.gpu_memory is {view.meta.gpu_memory}, but gpu_core_percentage is not set: the slice's "
            "share of compute is whatever its neighbours leave."
        )
        yield Complaint("metadata.gpu_core_percentage", None, message)


def _above(view: ServiceView, given: Sizes) -> Iterator[Complaint]:
    for name, most in given.bounds():
        asked = getattr(view.meta, name)
        if view.meta.sliced and asked > most:
            message = f"metadata.{name} is {asked}, and a slice may ask for {most} at most."
            yield Complaint(f"metadata.{name}", asked, message, f"Write {most} or less.")


def _below(view: ServiceView, given: Sizes) -> Iterator[Complaint]:
    for name, least in given.bounds():
        asked = getattr(view.meta, name)
        if view.meta.sliced and 0 < asked < least:
            message = f"metadata.{name} is {asked}, and a slice has to ask for {least} at least."
            yield Complaint(f"metadata.{name}", asked, message, f"Write {least} or more.")


def _sliced(view: ServiceView) -> bool:
    return view.meta.sliced


LIMITS: tuple[Rule[ServiceView], ...] = (
    Rule(
        "slice-has-percentage",
        "notice",
        "limits",
        "Every slice names its share of compute.",
        "Write gpu_core_percentage.",
        _no_percentage,
        _sliced,
    ),
    limit(
        "slice-at-most",
        "limits",
        "A slice asks for no more memory or compute than the ceiling.",
        "Ask for less, or for a whole card (gpu).",
        Sizes,
        _above,
    ),
    limit(
        "slice-at-least",
        "limits",
        "A slice asks for no less memory or compute than the floor.",
        "Ask for more.",
        Sizes,
        _below,
    ),
)
