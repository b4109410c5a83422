"""Properties of reading, for documents that nobody wrote."""

import copy
import json
import random

from hypothesis import given, settings
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
from tests.spec.strategies import json_values, near_services, services

POOL = pool()


@given(near_services)
def test_nothing_that_a_file_can_hold_raises(data):
    service, faults = read(data)
    assert (service is None) == any(fault.level == "invalid" for fault in faults)
    for fault in faults:
        assert str(fault).isprintable()
    if service is not None:
        json.dumps(service.public())
        assert service.claim().kind in ("cpu", "slice", "exclusive")
        judge_service(service, POOL)
        wanted_of(service, POOL, secret=b"x")


@given(near_services)
def test_nothing_that_a_pool_file_can_hold_raises(data):
    parse_pool(data, source="pool.yaml")
    parse_pool({"name": "x", "nodes": {"n": data}, "catalogue": data, "local": data}, source="pool.yaml")


@given(st.text(), st.sampled_from(["x.json", "x.yaml"]))
def test_no_text_raises_anything_but_its_faults(text, source):
    try:
        document = parse_document(text, source)
    except SpecError as error:
        assert error.faults
        return
    parse_service(document.data, source=source, default_name="x_y_z", document=document)


@given(json_values)
def test_what_json_can_write_is_read_back_the_same(data):
    try:
        text = json.dumps(data, allow_nan=False)
    except ValueError:
        return
    assert parse_document(text, "x.json").data == data


@given(services)
def test_the_public_document_reads_back_as_itself(data):
    service, _ = read(data)
    if service is None:
        return
    again, faults = read(service.public())
    assert again is not None
    assert all(fault.level != "invalid" for fault in faults)
    assert again.public() == service.public()
    assert again.claim() == service.claim()
    assert again.name == service.name


@given(services, st.randoms(use_true_random=False))
def test_the_order_of_a_file_says_nothing(data, chance):
    turned = shuffled(data, chance)
    first, second = read(data), read(turned)
    assert first[1] == second[1]
    assert (first[0] is None) == (second[0] is None)
    if first[0] is not None and second[0] is not None:
        assert first[0].public() == second[0].public()
        assert revision_of(first[0], b"x") == revision_of(second[0], b"x")
        assert judge_service(first[0], POOL) == judge_service(second[0], POOL)


@given(services, st.randoms(use_true_random=False))
def test_dotted_keys_equal_nested_ones(data, chance):
    dotted = {**data}
    if isinstance(dotted.get("metadata"), dict):
        dotted["metadata"] = flattened(dotted["metadata"], chance)
    first, second = read(data)[0], read(dotted)[0]
    assert (first is None) == (second is None)
    if first is not None and second is not None:
        assert first.public() == second.public()
        assert first.claim() == second.claim()


@given(services)
def test_numbers_as_floats_are_the_same_document(data):
    """Pulumi hands whole numbers to policies as floats."""
    first, second = read(data)[0], read(floats(data))[0]
    assert (first is None) == (second is None)
    if first is not None and second is not None:
        assert first.public() == second.public()
        assert revision_of(first, b"x") == revision_of(second, b"x")


@given(services)
def test_reading_changes_nothing_that_it_reads(data):
    before = copy.deepcopy(data)
    read(data)
    assert repr(data) == repr(before)


@given(services)
def test_no_secret_is_in_what_is_handed_on(data):
    data = {**data, "token": "tok-3c1e", "dockerAuth": "auth-9d2f"}
    service, faults = read(data)
    if service is not None:
        shown = json.dumps(service.public()) + json.dumps(wanted_of(service, POOL, secret=b"x").to_dict())
        assert "tok-3c1e" not in shown
        assert "auth-9d2f" not in shown
    assert all("3c1e" not in str(fault) for fault in faults)


@given(services)
def test_a_claim_never_has_what_eas_would_ignore(data):
    service, _ = read(data)
    if service is None:
        return
    claim = service.claim()
    if claim.kind != "slice":
        assert (claim.gpu_memory, claim.gpu_core_percentage) == (0, 0)
    assert isinstance(claim, Claim)


@settings(max_examples=30)
@given(json_values)
def test_the_canonical_form_is_its_own_canonical_form(data):
    try:
        made = canonical(data).data
    except ValueError:
        return
    assert canonical(made).data == made


def shuffled(data, chance: random.Random):
    if isinstance(data, dict):
        keys = list(data)
        chance.shuffle(keys)
        return {key: shuffled(data[key], chance) for key in keys}
    return [shuffled(item, chance) for item in data] if isinstance(data, list) else data


FREE = {"not_known"}


def flattened(data, chance: random.Random):
    """Write some nested keys dotted."""
    made = {}
    for key, value in data.items():
        if isinstance(value, dict) and value and key not in FREE and chance.random() < 0.7:
            made.update({f"{key}.{inner}": item for inner, item in flattened(value, chance).items()})
        else:
            made[key] = value
    return made


def floats(data):
    if isinstance(data, bool):
        return data
    if isinstance(data, int):
        return float(data)
    if isinstance(data, dict):
        return {key: floats(value) for key, value in data.items()}
    return [floats(item) for item in data] if isinstance(data, list) else data
