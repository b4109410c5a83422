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
    """Return what a slice of ``gpu_memory`` takes on a card, in MiB, rounded up so that it never gets less."""
    if unit == "GiB":
        return gpu_memory * 1024
    return -(-gpu_memory * 10**9 // MIB)


def capacity_mib(nominal: int, unit: Unit) -> int:
    """Return what a card of ``nominal`` GB or GiB holds, in MiB, rounded down so that it never promises more."""
    if unit == "GiB":
        return nominal * 1024
    return nominal * 10**9 // MIB
