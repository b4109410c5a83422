"""``eas exporter``: text for a file, HTTP for Prometheus, and sentences where neither can be had."""

from __future__ import annotations

import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.cli.scratch import OWNER, Scratch

ROOT = Path(__file__).resolve().parents[2]


def test_once_prints_text_for_a_collector(fleet: Scratch) -> None:
    told = fleet.ok("exporter", "--once")
    assert "eas_up 1.0\n" in told
    assert f'eas_pool_instances{{owner="{OWNER}",pool="lab",state="ready"}} 3.0' in told
    assert 'eas_node_cards{model="A100-80G",node="gpu-a",pool="lab"} 2.0' in told
    assert "eas_card_" not in told
    assert "eas_card_memory_bytes{" in fleet.ok("exporter", "--once", "--cards")
    assert "eas_node_" not in fleet.ok("exporter", "--once", "--pools-only")


def test_json_has_the_samples(fleet: Scratch) -> None:
    samples = fleet.json("exporter", "--once")
    (cards,) = [sample for sample in samples if sample["name"] == "eas_pool_cards"]
    labels = {"pool": "lab", "model": "A100-80G", "state": "ready"}
    assert cards == {"name": "eas_pool_cards", "labels": labels, "value": 4}


def test_a_ledger_that_cannot_be_read_is_up_0_a_sentence_and_1(fleet: Scratch) -> None:
    (fleet.root / ".eas" / "ledger.db").write_text("no database at all")
    result = fleet.eas("exporter", "--once")
    assert result.exit_code == 1
    assert "eas_up 0.0" in result.stdout
    assert "eas_pool" not in result.stdout
    assert "not a ledger" in result.stderr
    unreachable = fleet.eas("exporter", "--once", "--ledger", "postgresql://nobody@127.0.0.1:1/none")
    assert (unreachable.exit_code, "cannot be reached" in unreachable.stderr) == (1, True)
    assert "eas_up 0.0" in unreachable.stdout


def test_a_ledger_that_is_not_there_is_up_0_a_sentence_and_1_and_is_not_made(scratch: Scratch) -> None:
    result = scratch.eas("exporter", "--once")
    assert result.exit_code == 1
    assert "eas_up 0.0" in result.stdout
    assert "eas_pool" not in result.stdout
    assert f"there is no ledger at sqlite:///{scratch.root}/.eas/ledger.db yet" in result.stderr
    assert not (scratch.root / ".eas" / "ledger.db").exists()


def test_a_port_that_is_taken_and_options_that_exclude_each_other_are_sentences(fleet: Scratch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = fleet.eas("exporter", "--port", str(port))
    assert result.exit_code == 1
    assert f"cannot listen on 127.0.0.1 port {port}: Address already in use" in result.stderr
    assert fleet.eas("exporter", "--cards", "--pools-only").exit_code == 2
    assert fleet.eas("exporter", "--port", "70000").exit_code == 2
    assert (
        "cannot listen on not.an.address.invalid"
        in fleet.eas("exporter", "--address", "not.an.address.invalid").stderr
    )


@pytest.mark.e2e
def test_it_serves_until_it_is_interrupted(fleet: Scratch) -> None:
    command = [sys.executable, "-m", "components.cli", "exporter", "-C", str(fleet.root), "--port", "0"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as served:
        try:
            assert served.stdout is not None
            said = served.stdout.readline()
            url = said.split(" at ")[1].partition(";")[0]
            assert url.startswith("http://127.0.0.1:")
            with urllib.request.urlopen(url, timeout=20) as answer:
                assert answer.headers["Content-Type"].startswith("text/plain; version=")
                assert b"eas_up 1.0" in answer.read()
            with urllib.request.urlopen(url.replace("/metrics", "/healthz"), timeout=20) as answer:
                assert answer.read() == b"ok\n"
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(url.replace("/metrics", "/"), timeout=20)
            (fleet.root / ".eas" / "ledger.db").write_text("no database at all")
        finally:
            served.send_signal(2)
            _, errors = served.communicate(timeout=20)
    assert served.returncode == 130
    assert errors.strip() == "eas: interrupted"
