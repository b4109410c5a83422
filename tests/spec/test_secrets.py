"""Secrets leave a service by one door only."""

from typing import Any

import pytest

from tests.spec.build import read, service

SECRET = {"token": "s3cret-token", "dockerAuth": "ZG9ja2Vy"}


def test_public_data_has_no_secret() -> None:
    made = service(metadata={"cpu": 1}, **SECRET)
    assert made.public() == {"metadata": {"cpu": 1}}
    assert made.secrets() == SECRET
    assert made.data() == {"metadata": {"cpu": 1}, **SECRET}


def test_without_secrets_there_are_none() -> None:
    assert service().secrets() == {}


def test_a_service_does_not_print_its_secrets() -> None:
    assert "s3cret" not in repr(service(**SECRET))


@pytest.mark.parametrize(
    "data",
    [
        {"token": ["s3cret"]},
        {"dockerAuth": {"user": "s3cret"}},
        {"containers": [{"env": [{"name": "A", "value": ["s3cret"]}]}]},
        {"containers": [{"env": "s3cret"}]},
    ],
)
def test_a_fault_does_not_show_a_secret(data: Any) -> None:
    made, faults = read(data)
    assert made is None
    assert all("s3cret" not in f"{fault} {fault.value}" for fault in faults)


def test_what_is_handed_out_can_be_changed_without_harm() -> None:
    made = service(metadata={"cpu": 1})
    made.public()["metadata"]["cpu"] = 9
    assert made.public()["metadata"]["cpu"] == 1
