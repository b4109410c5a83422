"""The sample's model server, as the local runtime starts it."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from tests.spec.build import ROOT


@pytest.fixture
def server(tmp_path: Path) -> Any:
    """A running server: its URL, and the file with its token."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = tmp_path / "token"
    token.write_text("first\n")
    facts = {
        "PORT": str(port),
        "EAS_INSTANCE": "o/page/0/1",
        "EAS_CARD_UUIDS": "GPU-a",
        "EAS_GPU_MEMORY_MIB": "20480",
        "EAS_GPU_CORE_PERCENTAGE": "5",
        "EAS_TOKEN_FILE": str(token),
    }
    script = ROOT / "services" / "app" / "serve.py"
    process = subprocess.Popen(
        [sys.executable, str(script)], env={**os.environ, **facts}, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline() == f"serving on port {port}\n".encode()
    yield f"http://127.0.0.1:{port}", token
    process.terminate()
    assert process.wait(timeout=10) == 0
    process.stdout.close()


def ask(url: str, token: str = "") -> Any:
    with urlopen(Request(url, headers={"Authorization": token}), timeout=10) as answer:
        return answer.read()


def test_it_says_which_instance_it_is_and_what_it_was_given(server: Any) -> None:
    url, token = server
    assert ask(f"{url}/healthz") == b"ok\n"
    said = json.loads(ask(url, "first"))
    assert (said["instance"], said["cards"]) == ("o/page/0/1", ["GPU-a"])
    assert (said["gpu_memory_mib"], said["gpu_core_percentage"]) == ([20480], [5])
    assert said["authorized"]
    assert not json.loads(ask(url, "other"))["authorized"]
    token.write_text("other")
    assert json.loads(ask(url, "other"))["authorized"]
