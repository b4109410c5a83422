"""The NVIDIA GPUs of this machine, asked for only where there are any, and what MPS can hold an instance to."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import psutil

from components.runtimes.port import Capabilities, Launch
from components.spec.node import Card, Node
from components.spec.units import MIB

_DRIVER = Path("/dev/nvidiactl")
_PIPES = "/tmp/nvidia-mps"


@cache
def present() -> tuple[Card, ...]:
    """Return this machine's cards, by UUID; empty, and nothing is imported, where there is no driver."""
    if not _DRIVER.exists():
        return ()
    try:
        import pynvml
    except ImportError:
        return ()
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError:
        return ()
    try:
        found = []
        for index in range(pynvml.nvmlDeviceGetCount()):
            # One that has fallen off the bus is counted and does not answer: the others are here all the same, and
            # as if there were none an instance would be shown all of them.
            with contextlib.suppress(pynvml.NVMLError):
                found.append(_card(pynvml, index))
        return tuple(found)
    except pynvml.NVMLError:
        return ()
    finally:
        with contextlib.suppress(pynvml.NVMLError):
            pynvml.nvmlShutdown()


def _card(nvml: object, index: int) -> Card:
    handle = nvml.nvmlDeviceGetHandleByIndex(index)  # type: ignore[attr-defined]
    name, uuid = nvml.nvmlDeviceGetName(handle), nvml.nvmlDeviceGetUUID(handle)  # type: ignore[attr-defined]
    total = nvml.nvmlDeviceGetMemoryInfo(handle).total  # type: ignore[attr-defined]
    return Card(_text(uuid), index, _text(name), int(total) // MIB, "reported")


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def mps_running() -> bool:
    """Whether an MPS control daemon of this machine can be reached: its pipe is where CUDA looks for it."""
    return (Path(os.environ.get("CUDA_MPS_PIPE_DIRECTORY", _PIPES)) / "control").exists()


def environment(launch: Launch) -> Mapping[str, str]:
    """Return what makes CUDA keep to the instance's cards and limits; empty on a machine without GPUs.

    A declared card that is not in this machine is not replaced by one that is: the process then sees none.
    """
    here = {card.uuid for card in present()}
    if not here:
        return {}
    cards = [card for card in launch.cards if card.uuid in here]
    told = {"CUDA_DEVICE_ORDER": "PCI_BUS_ID", "CUDA_VISIBLE_DEVICES": ",".join(card.uuid for card in cards)}
    if launch.exclusive or not mps_running():
        return told
    # Ordinals count what the process sees, not what the machine has.
    memory = [f"{ordinal}={card.memory_mib}M" for ordinal, card in enumerate(cards) if card.memory_mib]
    if memory:
        told["CUDA_MPS_PINNED_DEVICE_MEM_LIMIT"] = ",".join(memory)
    compute = [card.compute for card in cards if card.compute]
    if compute:
        told["CUDA_MPS_ACTIVE_THREAD_PERCENTAGE"] = str(min(compute))
    return told


def capabilities() -> Capabilities:
    """Return what the local runtime can hold to here, with the sentence that says what it cannot."""
    count = len(present())
    limits = count > 0 and mps_running()
    if limits:
        said = (
            f"{count} GPU(s) here, limits by MPS: they hold for each process, so an instance of two processes gets "
            "twice its slice; a card that is declared and not in this machine is not visible to its instances"
        )
    elif count:
        said = (
            f"{count} GPU(s) here and no MPS control daemon: an instance sees its own cards only, its gpu_memory and "
            "gpu_core_percentage are not enforced; start one with `nvidia-cuda-mps-control -d`"
        )
    else:
        said = (
            "cards declared, not present: limits are not enforced here; each process is told its cards and limits "
            "in its environment"
        )
    return Capabilities(
        pin_card=True,
        pin_node=True,
        move=True,
        enforce_memory=limits,
        enforce_compute=limits,
        reconfigure=True,
        enforced=said,
    )


def inventory() -> tuple[Node, ...] | None:
    """Return this machine as a node, one core kept for the system; None without GPUs: then only what is declared counts."""
    cards = present()
    if not cards:
        return None
    cores = max(1, (psutil.cpu_count() or 1) - 1)
    memory = psutil.virtual_memory().total // MIB
    return (Node("", socket.gethostname(), "local", cores * 1000, memory, cards),)
