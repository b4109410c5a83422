"""``Fleet``: what it registers, from files and from Python, and what it refuses before it registers anything."""

from __future__ import annotations

import json
import re
import runpy
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components.ledger import open_ledger
from components.resources import Fleet
from components.runtimes.local import gpu
from components.spec.node import Card
from components.spec.packed import unpacked
from components.spec.pool import parse_pool
from components.spec.project import load_project
from components.spec.service import parse_service
from tests.resources.program import CONFIG, pool, run, service

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "pulumi-python:dynamic/eas:"


def test_it_registers_pools_services_and_one_placement() -> None:
    """Types and names are what policies and states know; the placement depends on all."""
    found = run(lambda: Fleet(pools=[pool()], services={"page": service(), "llm": service()}))
    assert {
        kind: sorted(names) for kind, names in found.types.items() if not kind.startswith("pulumi:pulumi:")
    } == {
        "eas:index:Fleet": ["fleet"],
        f"{PREFIX}GpuPool": ["lab"],
        f"{PREFIX}EasService": ["llm", "page"],
        f"{PREFIX}Placement": ["fleet"],
    }
    placement = found.of("Placement", "fleet")
    assert placement["owner"] == CONFIG["eas:owner"]
    assert unpacked(placement["services"]["page"])["claim"] == {"gpu_memory": 20}
    assert placement["pools"]["lab"]["nodes"].keys() == {"gpu-a", "gpu-b"}
    assert placement["options"] == {
        "on_insufficient": "refuse",
        "max_moves": 0,
        "memory_only": "mixed",
        "on_conflict": "fail",
    }


def test_its_outputs_are_the_placements() -> None:
    """And single values are read without stumbling over what is not there."""
    read: dict[str, Any] = {}

    def program() -> None:
        fleet = Fleet(pools=[pool()], services={"page": service()})
        outputs = {
            "assignments": fleet.assignments,
            "status": fleet.status,
            "there": fleet.endpoint("page"),
            "nowhere": fleet.endpoint("page", 7),
            "nobody": fleet.endpoint("other"),
            "token": fleet.token("page"),
        }
        pulumi.Output.all(**outputs).apply(read.update)
        pulumi.export("token", fleet.token("page"))

    run(program)
    assert read == {
        "assignments": {"page": {"0": "gpu-a/0"}},
        "status": {"page": "1/1 ready"},
        "there": "http://page.example",
        "nowhere": None,
        "nobody": None,
        "token": "token-of-page",
    }


@pytest.mark.parametrize(
    "services",
    [
        {"page": service()},
        [service(metadata={"name": "page"})],
        [{"name": "page", **service()}],
        [{"metadata.name": "page", "metadata.gpu_memory": 20, "containers": service()["containers"]}],
    ],
)
def test_services_are_named_by_key_or_in_the_document(services: Any) -> None:
    """As eascmd takes the name at either level."""
    assert run(lambda: Fleet(pools=[pool()], services=services)).names("EasService") == ["page"]


def test_typed_values_are_taken_as_they_are() -> None:
    """For programs that build them anyway."""
    typed_pool, _ = parse_pool(pool(), source="here")
    typed_service, _ = parse_service(service(), source="here", default_name="page")
    assert typed_pool is not None
    assert typed_service is not None
    found = run(lambda: Fleet(pools=[typed_pool], services=[typed_service]))
    assert found.names("EasService") == ["page"]


def test_all_invalid_faults_come_in_one_error_and_nothing_is_registered() -> None:
    """Pulumi would stop at the first; here each is named with field and value."""
    seen: list[str] = []

    def program() -> None:
        services = {
            "page": service(metadata={"gpu_memory": "20GiB"}),
            "word": service(metadata={"gpu_core_percentage": 101}),
            "lost": service(metadata={"resource": "eas-r-elsewhere"}),
            "large": service(metadata={"gpu_memory": 90}),
            "late": service(metadata={"gpu_memory": pulumi.Output.from_input(3)}),
        }
        with pytest.raises(pulumi.RunError) as refused:
            Fleet(pools=[pool(), pool()], services=services)
        seen.append(str(refused.value))

    found = run(program)
    assert found.types.keys() <= {"pulumi:pulumi:Stack"}
    (said,) = seen
    assert said.startswith("7 faults in what is declared; nothing was registered:\n")
    for part in (
        "services['page']",
        "20GiB",
        "101",
        "eas-r-elsewhere",
        "services['large']",
        "Output",
        "pools[1]",
    ):
        assert part in said


def test_what_is_only_ineffective_is_a_warning() -> None:
    """The policy pack may refuse it; ``up`` does not."""
    found = run(lambda: Fleet(pools=[pool()], services={"page": service(metadata={"gpu": 1})}))
    assert any("services['page']" in said for said in found.said)
    assert found.names("Placement") == ["fleet"]


def test_a_pool_that_discovers_registers_the_cards_of_its_runtime(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every card spelled out, as if it stood in the file."""
    monkeypatch.setattr(gpu, "present", lambda: (Card("GPU-real", 0, "H100", 81_559, "reported"),))
    found = run(
        lambda: Fleet(pools=[pool(nodes={}, discover=True, runtime="local")], services={"page": service()})
    )
    (node,) = found.of("GpuPool", "lab")["nodes"].values()
    assert [card["uuid"] for card in unpacked(node)["cards"]] == ["GPU-real"]


def test_options_that_pools_disagree_on_are_refused() -> None:
    """Services are placed jointly, so there is one set of options."""
    pools = [pool(max_moves=2), pool(name="other", resource="eas-r-other001", nodes={})]
    services = {"page": service(metadata={"resource": "eas-r-lab00001"})}

    def program() -> None:
        with pytest.raises(pulumi.RunError, match=r"pool 'other' says max_moves: 0, and pool 'lab' says 2"):
            Fleet(pools=pools, services=services)

    run(program)


def test_options_of_the_program_win_over_those_of_the_pools() -> None:
    """And the pools' own are taken where the program says nothing."""
    found = run(
        lambda: Fleet(
            pools=[pool(max_moves=2)], services={"page": service()}, options={"on_insufficient": "wait"}
        )
    )
    options = found.of("Placement", "fleet")["options"]
    assert (options["max_moves"], options["on_insufficient"]) == (2, "wait")


def test_overrides_of_the_stack_apply_to_documents() -> None:
    """Image, instance, resource and any field of metadata; one for nobody is a fault."""
    overrides = {"page": {"image": "mirror.example/model:2", "instance": 3, "metadata.gpu_memory": 24}}
    found = run(lambda: Fleet(pools=[pool()], services={"page": service()}), {"eas:overrides": overrides})
    spec = unpacked(found.of("EasService", "page")["spec"])
    assert spec["containers"][0]["image"] == "mirror.example/model:2"
    assert spec["metadata"] == {"gpu_memory": 24, "instance": 3}
    assert unpacked(found.of("Placement", "fleet")["services"]["page"])["instances"] == 3

    def refused() -> None:
        with pytest.raises(pulumi.RunError, match=r"overrides\.pgae is for a service that is not declared"):
            Fleet(pools=[pool()], services={"page": service()})

    run(refused, {"eas:overrides": {"pgae": {"instance": 2}}})


def test_files_are_chosen_by_the_stacks_configuration(tmp_path: Path) -> None:
    """Pool files, service folder and overrides: dev and prod share files."""
    (tmp_path / "prod.yaml").write_text(json.dumps(pool()))
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "a-file.json").write_text(json.dumps(service(metadata={"name": "page"})))
    (tmp_path / "models" / "other-name.json").write_text(json.dumps(service()))
    config = {
        "eas:pools": ["prod.yaml"],
        "eas:services": "models",
        "eas:overrides": {"page": {"instance": 2}},
    }
    found = run(lambda: Fleet.from_files(root=tmp_path), config)
    assert found.names("EasService") == ["other_name", "page"]
    assert unpacked(found.of("EasService", "page")["about"])["source"] == "models/a-file.json"
    assert unpacked(found.of("Placement", "fleet")["services"]["page"])["instances"] == 2


def test_every_broken_file_is_named_in_one_error(tmp_path: Path) -> None:
    """With line and column."""
    (tmp_path / "pool.yaml").write_text(json.dumps(pool()))
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "broken.json").write_text('{"metadata": {"gpu_memory": 20,}}')
    (tmp_path / "services" / "page.json").write_text('{\n  "metadata": {\n    "gpu_memory": 20.5}}')

    def program() -> None:
        with pytest.raises(pulumi.RunError) as refused:
            Fleet.from_files(root=tmp_path)
        assert "services/broken.json:1:" in str(refused.value)
        assert "services/page.json:3:" in str(refused.value)
        assert "2 faults" in str(refused.value)

    run(program)


@pytest.mark.parametrize(
    ("pools", "references"), [([pool()], ["lab"]), ([], ["lab"]), ([{"name": "lab", "reference": True}], [])]
)
def test_a_referenced_pool_is_not_registered(
    tmp_path: Path, pools: list[dict[str, object]], references: list[str]
) -> None:
    """Another stack declares it; what it is stands in the ledger, whatever the files say of it."""
    stack = {"eas:references": references, "eas:ledger": str(tmp_path / "ledger.db")}
    declare(tmp_path / "ledger.db")
    wanted = service(metadata={"resource": "eas-r-lab00001"})
    found = run(lambda: Fleet(pools=pools, services={"page": wanted}), stack)
    assert found.names("GpuPool") == []
    assert found.of("Placement", "fleet")["pools"] == {"lab": {"reference": True, "nodes": {}}}
    about = json.loads(found.of("EasService", "page")["about"])
    assert about["pool_facts"]["cards"][0]["count"] == 4


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("lab", "not there yet. Apply the stack that declares it first"),
        ("gpu", "knows no such pool; it knows gpus, lab, mine. Did you mean 'gpus'"),
        ("mine", "this very stack"),
    ],
)
def test_a_pool_that_cannot_be_referenced_is_a_sentence(tmp_path: Path, name: str, says: str) -> None:
    """Missing, named wrongly, or this stack's own: before anything is registered."""
    file = tmp_path / "ledger.db"
    if name != "lab":
        declare(file, "lab", "gpus")
        declare(file, "mine", owner="organization/shop/dev-11aa22")

    def program() -> None:
        with pytest.raises(pulumi.RunError, match="nothing was registered") as refused:
            Fleet(services={"page": service()})
        assert re.search(says, str(refused.value))

    run(program, {"eas:references": [name], "eas:ledger": str(file)})


def declare(file: Path, *names: str, owner: str = "organization/platform/prod-77aa88") -> None:
    """Record pools as another stack's ``GpuPool`` does."""
    with open_ledger(str(file), home=file.parent, create=True) as ledger:
        for name in names or ("lab",):
            typed, _ = parse_pool(pool(name=name), source="pool.yaml")
            assert typed is not None
            ledger.declare_pool(
                owner,
                name,
                holder=f"pool-{name}",
                resource=f"eas-r-{name}00001",
                runtime="simulated",
                settings=typed.settings(),
                nodes=typed.nodes,
                now=datetime(2026, 1, 1, tzinfo=UTC),
                because="test",
            )


@pytest.mark.parametrize(
    ("stack", "options", "counts"),
    [
        ({}, {}, 1),
        ({"eas:max_moves": "2"}, {}, 2),
        ({"eas:max_moves": "0"}, {}, 0),
        ({"eas:max_moves": "2"}, {"max_moves": 3}, 3),
    ],
)
def test_the_stack_says_more_than_its_pools_and_the_program_more_than_the_stack(
    stack: dict[str, str], options: dict[str, int], counts: int
) -> None:
    """One order for `max_moves`: pool file, stack, program."""

    def program() -> None:
        Fleet(pools=[{**pool(), "max_moves": 1}], services={"page": service()}, options=options)

    assert run(program, stack).of("Placement", "fleet")["options"]["max_moves"] == counts


@pytest.mark.parametrize("wrong", ["two", "-1", "1.5", "[2]"])
def test_a_stack_that_says_no_number_of_moves_is_refused(wrong: str) -> None:
    """With the file, the key and what to write."""

    def program() -> None:
        with pytest.raises(pulumi.RunError, match=r"Pulumi\..*yaml: eas:max_moves is .*Write for example 2"):
            Fleet(pools=[pool()], services={"page": service()})

    run(program, {"eas:max_moves": wrong})


@pytest.mark.parametrize("missing", ["eas:owner", "eas:secret"])
def test_a_stack_without_owner_or_secret_is_told_the_command(missing: str) -> None:
    """One line to run, once per stack."""

    def program() -> None:
        with pytest.raises(pulumi.RunError, match=rf"{missing} is not set.*pulumi config set"):
            Fleet(pools=[pool()], services={"page": service()})

    run(program, {missing: ""})


def test_a_project_and_documents_at_once_are_refused() -> None:
    """Which of the two is meant would be a guess."""

    def program() -> None:
        project = load_project(ROOT)
        with pytest.raises(pulumi.RunError, match="give one or the other"):
            Fleet("fleet", project, services={"page": service()})

    run(program)


def test_secrets_are_pulumi_secrets_and_in_no_other_input() -> None:
    """The token and the registry's credentials; hashes stand for them elsewhere."""
    found = run(
        lambda: Fleet(
            pools=[pool()], services={"page": service(token="t0k3n-of-page", dockerAuth="cred3ntials")}
        )
    )
    inputs = found.of("EasService", "page")
    assert inputs["secrets"]["4dabf18193072939515e22adb298388d"] == "1b47061264138c4ac30d75fd1eb44270", (
        "Pulumi's mark"
    )
    shown = json.dumps([{k: v for k, v in inputs.items() if k != "secrets"}, found.of("Placement", "fleet")])
    assert "t0k3n" not in shown
    assert "cred3ntials" not in shown
    assert "secrets" not in run(lambda: Fleet(pools=[pool()], services={"page": service()})).of(
        "EasService", "page"
    )


def test_the_sample_of_this_repository_registers(monkeypatch: pytest.MonkeyPatch) -> None:
    """``__main__.py`` as it stands."""
    programs: list[Callable[[], object]] = []
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(pulumi, "run", programs.append)
    runpy.run_path(str(ROOT / "__main__.py"), run_name="__main__")
    found = run(programs[0])
    assert "page" in found.names("EasService")
    assert len(found.names("Placement")) == 1
