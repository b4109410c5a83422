"""Properties of reading, for documents that nobody wrote."""

import copy
import json
import random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from components.rules import judge_service
from components.spec.claim import Claim
from components.spec.fault import SpecError
from components.spec.files import parse_document
from components.spec.keys import canonical
from components.spec.pool import parse_pool
from components.spec.revision import revision_of, wanted_of
from components.spec.service import parse_service
from tests.spec.build import pool, read
from tests.spec.strategies import calm, json_values, near_services, services

POOL = pool()


@calm
@given(near_services)
def test_nothing_that_a_file_can_hold_raises(data: Any) -> None:
    service, faults = read(data)
    assert (service is None) == any(fault.level == "invalid" for fault in faults)
    for fault in faults:
        assert str(fault).isprintable()
    if service is not None:
        json.dumps(service.public())
        assert service.claim().kind in ("cpu", "slice", "exclusive")
        judge_service(service, POOL)
        wanted_of(service, POOL, secret=b"x")


@calm
@given(near_services)
def test_nothing_that_a_pool_file_can_hold_raises(data: Any) -> None:
    parse_pool(data, source="pool.yaml")
    parse_pool({"name": "x", "nodes": {"n": data}, "catalogue": data, "local": data}, source="pool.yaml")


@calm
@given(st.text(), st.sampled_from(["x.json", "x.yaml"]))
def test_no_text_raises_anything_but_its_faults(text: Any, source: Any) -> None:
    try:
        document = parse_document(text, source)
    except SpecError:
        return
    parse_service(document.data, source=source, default_name="x_y_z", document=document)


@calm
@given(json_values)
def test_what_json_can_write_is_read_back_the_same(data: Any) -> None:
    try:
        text = json.dumps(data, allow_nan=False)
    except ValueError:
        return
    assert parse_document(text, "x.json").data == data


@calm
@given(services)
def test_the_public_document_reads_back_as_itself(data: Any) -> None:
    service, _ = read(data)
    if service is None:
        return
    again, faults = read(service.public())
    assert again is not None
    assert all(fault.level != "invalid" for fault in faults)
    assert again.public() == service.public()
    assert again.claim() == service.claim()
    assert again.name == service.name


@calm
@given(services, st.randoms(use_true_random=False))
def test_the_order_of_a_file_says_nothing(data: Any, chance: Any) -> None:
    turned = shuffled(data, chance)
    first, second = read(data), read(turned)
    assert first[1] == second[1]
    assert (first[0] is None) == (second[0] is None)
    if first[0] is not None and second[0] is not None:
        assert first[0].public() == second[0].public()
        assert revision_of(first[0], b"x") == revision_of(second[0], b"x")
        assert judge_service(first[0], POOL) == judge_service(second[0], POOL)


@calm
@given(services, st.randoms(use_true_random=False))
def test_dotted_keys_equal_nested_ones(data: Any, chance: Any) -> None:
    dotted = {**data}
    if isinstance(dotted.get("metadata"), dict):
        dotted["metadata"] = flattened(dotted["metadata"], chance)
    first, second = read(data)[0], read(dotted)[0]
    assert (first is None) == (second is None)
    if first is not None and second is not None:
        assert first.public() == second.public()
        assert first.claim() == second.claim()


@calm
@given(services)
def test_numbers_as_floats_are_the_same_document(data: Any) -> None:
    """Pulumi hands whole numbers to policies as floats."""
    first, second = read(data)[0], read(floats(data))[0]
    assert (first is None) == (second is None)
    if first is not None and second is not None:
        assert first.public() == second.public()
        assert revision_of(first, b"x") == revision_of(second, b"x")


@calm
@given(services)
def test_reading_changes_nothing_that_it_reads(data: Any) -> None:
    before = copy.deepcopy(data)
    read(data)
    assert repr(data) == repr(before)


@calm
@given(services)
def test_no_secret_is_in_what_is_handed_on(data: Any) -> None:
    data = {**data, "token": "tok-3c1e", "dockerAuth": "auth-9d2f"}
    service, faults = read(data)
    if service is not None:
        shown = json.dumps(service.public()) + json.dumps(wanted_of(service, POOL, secret=b"x").to_dict())
        assert "tok-3c1e" not in shown
        assert "auth-9d2f" not in shown
    assert all("3c1e" not in str(fault) for fault in faults)


@calm
@given(services)
def test_a_claim_never_has_what_eas_would_ignore(data: Any) -> None:
    service, _ = read(data)
    if service is None:
        return
    claim = service.claim()
    if claim.kind != "slice":
        assert (claim.gpu_memory, claim.gpu_core_percentage) == (0, 0)
    assert isinstance(claim, Claim)


@calm
@given(json_values)
def test_the_canonical_form_is_its_own_canonical_form(data: Any) -> None:
    try:
        made = canonical(data).data
    except ValueError:
        return
    assert canonical(made).data == made


def shuffled(data: Any, chance: random.Random) -> Any:
    if isinstance(data, dict):
        keys = list(data)
        chance.shuffle(keys)
        return {key: shuffled(data[key], chance) for key in keys}
    return [shuffled(item, chance) for item in data] if isinstance(data, list) else data


FREE = {"not_known"}


def flattened(data: Any, chance: random.Random) -> Any:
    """Write some nested keys dotted."""
    made = {}
    for key, value in data.items():
        if isinstance(value, dict) and value and key not in FREE and chance.random() < 0.7:
            made.update({f"{key}.{inner}": item for inner, item in flattened(value, chance).items()})
        else:
            made[key] = value
    return made


def floats(data: Any) -> Any:
    if isinstance(data, bool):
        return data
    if isinstance(data, int):
        return float(data)
    if isinstance(data, dict):
        return {key: floats(value) for key, value in data.items()}
    return [floats(item) for item in data] if isinstance(data, list) else data
