"""What an instance is told: names, cards, limits, port and token, and nothing that is not its business."""

from __future__ import annotations

import json
import sys
import types
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from components.runtimes.local import gpu
from components.runtimes.local.folder import slug
from components.runtimes.port import PinnedCard, RuntimeFault
from components.spec.node import Card
from tests.runtimes.machine import CARD, Machine, launch, serving

OTHER = PinnedCard("GPU-ffff", 3, "A10", memory_mib=4096, compute=20, capacity_mib=24_000)


def test_an_instance_knows_its_names_cards_limits_and_port(machine: Machine) -> None:
    launched = launch(script=serving(), ordinal=2, cards=(CARD, OTHER))
    seen = machine.ready(launched)
    told = machine.environment(launched)
    facts = {name: value for name, value in told.items() if name.startswith("EAS_") or name == "PORT"}
    port = str(machine.record(launched).inner)
    assert seen.endpoint != f"http://127.0.0.1:{port}", "the endpoint is the gateway's"
    home = machine.folder.of(slug(launched.id))
    assert facts == {
        "EAS_INSTANCE": launched.id,
        "EAS_SERVICE": "svc",
        "EAS_ORDINAL": "2",
        "EAS_OWNER": launched.owner,
        "EAS_POOL": "pool-a",
        "EAS_NODE": "node-1",
        "EAS_CARD_UUIDS": "GPU-0a1b,GPU-ffff",
        "EAS_CARD_INDEXES": "1,3",
        "EAS_GPU_MEMORY_MIB": "4096,4096",
        "EAS_GPU_CORE_PERCENTAGE": "20,20",
        "EAS_EXCLUSIVE": "0",
        "EAS_TOKEN_FILE": str(home / "token"),
        "EAS_LOCAL_MARK": machine.folder.mark(slug(launched.id)),
        "PORT": port,
        "EAS_PORT": port,
    }
    assert not [name for name in told if name.startswith("SUPERVISOR_")]


def test_each_instance_gets_its_own_limits(machine: Machine) -> None:
    """Row 3 of the known failures: the limits of two pods were swapped."""
    small = launch("small", script=serving(), cards=(CARD,))
    large = launch("large", script=serving(), cards=(replace(CARD, memory_mib=8192, compute=70),))
    machine.runtime.start(small)
    machine.runtime.start(large)
    for launched, memory, compute in ((small, "4096", "20"), (large, "8192", "70")):
        machine.becomes(launched, "ready")
        told = machine.environment(launched)
        assert (told["EAS_GPU_MEMORY_MIB"], told["EAS_GPU_CORE_PERCENTAGE"]) == (memory, compute)


def test_values_reach_the_process_as_they_are_written(machine: Machine) -> None:
    values = {
        "PERCENT": "100% %s %(here)s %%",
        "QUOTES": 'it\'s "quoted" `echo` $(echo) ${HOME}',
        "LINES": "one\ntwo\n",
        "COMMENT": "a ; b # c",
        "UMLAUT": "größer 漢字 🙂",
        "BACKSLASH": "\\n \\",
        "EMPTY": "",
    }
    env = [{"name": name, "value": value} for name, value in values.items()]
    launched = launch(script=f"WORD='100% \"%(x)s\" größer'; export WORD; {serving()}", env=env)
    machine.ready(launched)
    told = machine.environment(launched)
    assert {name: told[name] for name in values} == values
    assert told["WORD"] == '100% "%(x)s" größer'


def test_a_container_cannot_take_another_port_or_name_than_its_own(machine: Machine) -> None:
    env = [{"name": "PORT", "value": "8000"}, {"name": "EAS_CARD_UUIDS", "value": "GPU-not-mine"}]
    launched = launch(script=serving(), env=env)
    machine.ready(launched)
    assert machine.environment(launched)["EAS_CARD_UUIDS"] == CARD.uuid


def test_the_callers_secrets_do_not_reach_an_instance(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "PULUMI_CONFIG_PASSPHRASE",
        "EAS_LEDGER_KEY",
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
        "PULUMI_CONFIG",
    ):
        monkeypatch.setenv(name, "hush")
    launched = launch(script=serving())
    machine.ready(launched)
    assert "hush" not in machine.environment(launched).values()
    assert "hush" not in psutil.Process(machine.supervisor()).environ().values()


def test_the_token_is_in_its_private_file_and_nowhere_else(machine: Machine) -> None:
    launched = launch(script=serving(), token="S3cr3t-t0ken")
    machine.ready(launched)
    assert machine.get(launched, "/token") == b"S3cr3t-t0ken"
    assert "S3cr3t-t0ken" not in json.dumps(machine.environment(launched))
    process = psutil.Process(machine.leader(launched))
    assert "S3cr3t-t0ken" not in " ".join(process.cmdline())
    holding = [path for path in machine.home.rglob("*") if path.is_file() and b"S3cr3t" in path.read_bytes()]
    assert [path.name for path in holding] == ["token"]
    assert holding[0].stat().st_mode & 0o777 == 0o600


def test_only_the_owner_enters_the_folder(machine: Machine) -> None:
    machine.ready(launch(script=serving()))
    folders = (machine.folder.root, machine.folder.instances, machine.folder.link.parent)
    assert {folder.stat().st_mode & 0o777 for folder in folders} == {0o700}


def test_a_new_token_replaces_the_old_one_whole_without_a_restart(machine: Machine) -> None:
    launched = launch(script=serving())
    machine.ready(launched)
    leader = machine.leader(launched)
    machine.runtime.reconfigure(replace(launched, secrets={"token": "new"}))
    assert machine.get(replace(launched, secrets={"token": "new"}), "/token") == b"new"
    assert machine.leader(launched) == leader
    home = machine.folder.of(slug(launched.id))
    assert (home / "token").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in home.iterdir() if path.name.endswith(".new")] == []


@pytest.mark.parametrize(
    ("container", "words"),
    [
        ({"env": [{"name": "my.name", "value": "x"}]}, "cannot export the environment variable 'my.name'"),
        ({"env": [{"name": "1ST", "value": "x"}]}, "cannot export the environment variable '1ST'"),
        ({"env": [{"name": "A", "value": "x\0y"}]}, "'A' holds a NUL"),
        ({"env": [{"name": "A", "value": "\ud800"}]}, "half of a character"),
        ({"script": "echo \0"}, "command holds a NUL"),
    ],
)
def test_what_no_process_can_be_given_is_refused_and_leaves_nothing(
    machine: Machine, container: dict[str, Any], words: str
) -> None:
    launched = launch(**{"script": serving(), **container})
    with pytest.raises(RuntimeFault, match=words) as refused:
        machine.runtime.start(launched)
    assert not refused.value.retriable
    assert machine.runtime.listing() == ()


class FakeNvml(types.ModuleType):
    """A driver of three cards, of which the second has fallen off the bus."""

    class NVMLError(Exception):
        """What the driver says."""

    def nvmlInit(self) -> None: ...  # noqa: N802 - NVIDIA's names
    def nvmlShutdown(self) -> None: ...  # noqa: N802

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return 3

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802
        if index == 1:
            raise self.NVMLError("GPU is lost")
        return index

    def nvmlDeviceGetName(self, _: int) -> str:  # noqa: N802
        return "NVIDIA A10"

    def nvmlDeviceGetUUID(self, handle: int) -> str:  # noqa: N802
        return f"GPU-{handle}"

    def nvmlDeviceGetMemoryInfo(self, _: int) -> types.SimpleNamespace:  # noqa: N802
        return types.SimpleNamespace(total=24 << 30)


def test_a_card_that_fell_off_the_bus_does_not_take_the_others_with_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", FakeNvml("pynvml"))
    monkeypatch.setattr(gpu, "_DRIVER", tmp_path)
    here = gpu.present.__wrapped__()
    assert [(card.uuid, card.index) for card in here] == [("GPU-0", 0), ("GPU-2", 2)]
    monkeypatch.setattr(gpu, "present", lambda: here)
    told = gpu.environment(launch(cards=(replace(CARD, uuid="GPU-1"),)))
    assert not told["CUDA_VISIBLE_DEVICES"], "an instance of the lost card sees none, not all"


def test_without_gpus_nothing_is_said_to_cuda_and_the_driver_is_not_asked(machine: Machine) -> None:
    if gpu.present():
        pytest.skip("this machine has GPUs")
    launched = launch(script=serving())
    machine.ready(launched)
    assert not [name for name in machine.environment(launched) if name.startswith("CUDA_")]
    assert machine.runtime.inventory() is None
    held = machine.runtime.capabilities()
    assert not held.enforce_memory
    assert held.enforced.startswith("cards declared, not present: limits are not enforced here")


@pytest.fixture
def cards_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine whose driver reports the first card; the folder is where MPS would be."""
    here = (Card(CARD.uuid, 0, "NVIDIA A10", 23_028, "reported"),)
    monkeypatch.setattr(gpu, "present", lambda: here)
    monkeypatch.setenv("CUDA_MPS_PIPE_DIRECTORY", str(tmp_path))
    return tmp_path


def test_with_a_gpu_an_instance_sees_its_own_card_by_uuid(cards_here: Path) -> None:
    assert dict(gpu.environment(launch())) == {
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
        "CUDA_VISIBLE_DEVICES": CARD.uuid,
    }
    assert "no MPS control daemon" in gpu.capabilities().enforced


@pytest.mark.parametrize("cards", [(), (OTHER,)])
def test_with_a_gpu_an_instance_without_that_card_sees_none(
    cards_here: Path, cards: tuple[PinnedCard, ...]
) -> None:
    """Row 15 of the known failures: a silent widening is never the answer."""
    assert gpu.environment(launch(cards=cards))["CUDA_VISIBLE_DEVICES"] == ""


def test_with_mps_the_limits_are_given_and_their_caveat_is_said(cards_here: Path) -> None:
    """Row 18 of the known failures: two processes in a container got twice the share."""
    (cards_here / "control").touch()
    told = gpu.environment(launch())
    assert told["CUDA_MPS_PINNED_DEVICE_MEM_LIMIT"] == "0=4096M"
    assert told["CUDA_MPS_ACTIVE_THREAD_PERCENTAGE"] == "20"
    held = gpu.capabilities()
    assert held.enforce_memory
    assert "an instance of two processes gets twice its slice" in held.enforced


def test_with_mps_what_has_no_limit_gets_none(cards_here: Path) -> None:
    (cards_here / "control").touch()
    unlimited = replace(CARD, memory_mib=0, compute=0)
    assert not [name for name in gpu.environment(launch(cards=(unlimited,))) if "MPS" in name]
    assert not [name for name in gpu.environment(replace(launch(), exclusive=True)) if "MPS" in name]
