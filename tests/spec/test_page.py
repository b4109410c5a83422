"""The documentation page's own snippet, and what the page says in words."""

import json
from typing import Any

import pytest

from components.rules import judge_project, judge_service
from components.spec.claim import Claim
from components.spec.files import read_document
from components.spec.project import load_project
from tests.spec.build import ROOT, pool, service, sliced

SNIPPET = {"metadata": {"gpu_core_percentage": 5, "gpu_memory": 20}}


def test_the_sample_has_the_snippet_exactly_as_it_stands_on_the_page() -> None:
    assert read_document(ROOT / "services" / "page.json").data == SNIPPET


def test_the_snippet_passes_as_it_stands() -> None:
    project = load_project(ROOT)
    [page] = [one for one in project.services if one.name == "page"]
    assert page.instance == 1
    assert project.pool_of(page).name == "gpus"
    assert page.claim() == Claim(gpu_memory=20, gpu_core_percentage=5)
    assert page.claim().kind == "slice"
    assert judge_service(page, project.pool_of(page)) == ()


def test_48_gb_and_10_percent_is_one_slice_of_one_card() -> None:
    claim = sliced(48, gpu_core_percentage=10).claim()
    assert (claim.gpu_memory, claim.gpu_core_percentage, claim.kind) == (48, 10, "slice")


@pytest.mark.parametrize("metadata", [{}, {"gpu": 0}, {"gpu": 0, "gpu_memory": 0}])
def test_neither_gpu_nor_gpu_memory_is_a_service_without_cards(metadata: Any) -> None:
    assert service(metadata=metadata).claim().kind == "cpu"


@pytest.mark.parametrize("gpu", [{}, {"gpu": 0}])
def test_gpu_unset_or_0_with_gpu_memory_is_a_slice(gpu: Any) -> None:
    assert sliced(1, **gpu).sliced


@pytest.mark.parametrize("gpu", [1, 2])
def test_gpu_of_1_or_more_takes_whole_cards_and_the_claim_has_no_slice(gpu: Any) -> None:
    claim = sliced(20, gpu=gpu, gpu_core_percentage=5).claim()
    assert (claim.kind, claim.gpu, claim.gpu_memory, claim.gpu_core_percentage) == ("exclusive", gpu, 0, 0)


def test_what_eas_ignores_stays_in_the_document_so_that_policies_see_it() -> None:
    assert sliced(20, gpu=1).public()["metadata"] == {"gpu": 1, "gpu_memory": 20}


def test_a_percentage_without_memory_claims_nothing() -> None:
    assert service(metadata={"gpu_core_percentage": 5}).claim() == Claim()


def test_gb_on_ml_nodes_and_gib_on_ecs_nodes() -> None:
    claim = sliced(20).claim()
    sizes = {node.name: claim.slice_mib(node.unit) for node in pool().nodes}
    assert sizes == {"a100-0": 20480, "a10-0": 20480, "gu30-0": 19073}


def test_the_whole_sample_is_valid_and_effective() -> None:
    project = load_project(ROOT)
    assert [fault for fault in (*project.faults, *judge_project(project)) if fault.level != "notice"] == []


def test_the_sample_has_every_kind_of_claim() -> None:
    services = {one.name: one for one in load_project(ROOT).services}
    kinds = {name: one.claim().kind for name, one in services.items()}
    assert {"page", "llm", "embed", "rerank", "scorer"} <= {
        name for name, kind in kinds.items() if kind == "slice"
    }
    assert sorted(one.metadata.gpu for one in services.values())[-2:] == [1, 2]
    assert services["llm"].claim().gpu_memory == 48
    assert services["llm"].claim().gpu_core_percentage == 10
    assert services["embed"].claim().gpu_core_percentage == 0
    assert services["rerank"].metadata.scheduling.spread.policy == "host"
    assert services["rerank"].instance > 1


def test_the_examples_are_one_that_fits_and_one_that_does_not() -> None:
    from components.spec.service import parse_service

    [gpus] = load_project(ROOT).pools
    found = {}
    for path in sorted((ROOT / "examples").glob("*.json")):
        one, faults = parse_service(json.loads(path.read_text()), source=path.name, default_name=path.stem)
        assert one is not None
        assert faults == ()
        found[one.name] = [fault.rule for fault in judge_service(one, gpus)]
    assert found == {"summarize": [], "too_large": ["slice-fits-card"]}
