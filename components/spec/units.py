"""MiB and percent, and nothing in between: the only place where GB and GiB are told apart.

Source: the GPU slicing page ("For resource specifications that start with ml, the unit is GB. For those that
start with ecs, the unit is GiB").
"""

from __future__ import annotations

from typing import Literal

MIB = 1 << 20
FULL_COMPUTE = 100
"""The compute of one whole card, in percent."""

Unit = Literal["GiB", "GB"]


def unit_of(instance_type: str) -> Unit:
    """Return the unit of ``gpu_memory`` on a node of this instance type: GB on ``ml.*``, else GiB."""
    return "GB" if instance_type.startswith("ml.") else "GiB"


def slice_mib(gpu_memory: int, unit: Unit) -> int:
    """Return what a slice of ``gpu_memory`` GiB or GB takes on a card, in MiB.

    GB are rounded down, as the capacity is, so that slices whose GB add up to those of a card fit on it: one of 24 GB,
    or two of 12, on a card sold as 24 GB. A slice is less than 1 MiB short of what was asked.
    """
    return capacity_mib(gpu_memory, unit)


def capacity_mib(nominal: int, unit: Unit) -> int:
    """Return what a card of ``nominal`` GB or GiB holds, in MiB, rounded down so that it never promises more."""
    if unit == "GiB":
        return nominal * 1024
    return nominal * 10**9 // MIB
