"""The endpoint wants the service's token: without it a request goes no further, and with it everything passes as it is."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from dataclasses import replace

import pytest

from components.runtimes.local import gate, supervisord
from components.runtimes.local.gateway import LARGEST_HEAD, allowed, read_head
from components.runtimes.port import Launch
from tests.runtimes.machine import Machine, launch, serving
from tests.runtimes.waiting import until

TOKEN = "t0ken-of-the-service"


def status(machine: Machine, launched: Launch, **headers: str) -> int:
    """Return the status that a request with these headers gets."""
    request = urllib.request.Request(machine.see(launched).endpoint + "/x", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def said(port: int, raw: bytes, *, end: bool = False) -> bytes:
    """Return all that comes back for these bytes."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(raw)
        if end:
            connection.shutdown(socket.SHUT_WR)
        parts = []
        try:
            while part := connection.recv(65536):
                parts.append(part)
        except ConnectionResetError:
            pass
        return b"".join(parts)


def test_without_the_token_401_with_it_200_and_a_new_one_counts_at_once(machine: Machine) -> None:
    launched = launch(script=serving())
    machine.ready(launched)
    pids = machine.pids(launched)
    assert status(machine, launched) == 401
    for wrong in ("", "t0ken", f"{TOKEN}x", "Bearer nonsense", f"Basic {TOKEN}"):
        assert status(machine, launched, Authorization=wrong) == 401
    assert status(machine, launched, Authorization=TOKEN) == 200
    assert status(machine, launched, Authorization=f"Bearer {TOKEN}") == 200
    machine.runtime.reconfigure(replace(launched, secrets={"token": "new"}))
    assert status(machine, launched, Authorization=TOKEN) == 401
    assert status(machine, launched, Authorization="new") == 200
    assert machine.pids(launched) == pids, "nothing was restarted"


def test_each_service_has_its_own_token_and_an_empty_one_opens_nothing(machine: Machine) -> None:
    one, two, none = (
        launch(n, script=serving(), token=t) for n, t in (("one", "t1"), ("two", "t2"), ("none", ""))
    )
    for launched in (one, two, none):
        machine.ready(launched)
    assert [status(machine, one, Authorization=token) for token in ("t1", "t2")] == [200, 401]
    assert [status(machine, two, Authorization=token) for token in ("t1", "t2")] == [401, 200]
    assert [status(machine, none, Authorization=token) for token in ("", "Bearer ", "x")] == [401, 401, 401]


def test_the_gateway_listens_on_loopback_alone_and_its_files_are_private(machine: Machine) -> None:
    launched = launch(script=serving())
    port = int(machine.ready(launched).endpoint.rpartition(":")[2])
    process = gate.process(machine.folder)
    assert process is not None
    listening = [each.laddr for each in process.net_connections("tcp") if each.status == "LISTEN"]
    assert [(at.ip, at.port) for at in listening] == [("127.0.0.1", port)]
    ours = [path for path in machine.folder.root.iterdir() if path.name.startswith("gateway")]
    assert {path.name for path in ours} >= {"gateway.sock", "gateway.pid", "gateway.lock", "gateway.ports"}
    assert machine.folder.root.stat().st_mode & 0o777 == 0o700


ECHO = """
import os, socket
server = socket.socket(); server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(os.environ["PORT"]))); server.listen(64)
while True:
    peer, _ = server.accept()
    data = b""
    while b"\\r\\n\\r\\n" not in data:
        part = peer.recv(65536)
        if not part: break
        data += part
    if b"pgrade" in data:
        peer.sendall(b"HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: echo\\r\\nConnection: Upgrade\\r\\n\\r\\n")
        while part := peer.recv(65536):
            peer.sendall(part)
    elif data:
        want = int(data.lower().split(b"content-length:")[1].split()[0]) if b"content-length" in data.lower() else 0
        body = data.partition(b"\\r\\n\\r\\n")[2]
        while len(body) < want:
            body += peer.recv(65536)
        peer.sendall(b"HTTP/1.1 200 OK\\r\\nConnection: close\\r\\n\\r\\n")
        peer.sendall(data.partition(b"\\r\\n\\r\\n")[0] + b"|%d|" % len(body))
        import time
        for n in range(3):
            peer.sendall(b"%d" % n); time.sleep(0.2)
    peer.close()
"""


@pytest.fixture
def echo(machine: Machine) -> int:
    """The port of a service that tells the head it got, the length of the body, and three digits one by one."""
    launched = launch(command=[sys.executable, "-S", "-E", "-c", ECHO], port=1)
    return int(machine.ready(launched).endpoint.rpartition(":")[2])


def test_heads_bodies_streams_and_upgrades_pass_as_they_are(echo: int) -> None:
    head = f"POST /a?b=c HTTP/1.1\r\nHost: h\r\nX-Odd:  v \r\nConnection: keep-alive\r\nAuthorization: {TOKEN}\r\n"
    answer = said(echo, head.encode() + b"Content-Length: 300000\r\n\r\n" + b"x" * 300_000)
    assert b"POST /a?b=c HTTP/1.1\r\nHost: h\r\nX-Odd:  v " in answer
    assert b"\r\nConnection: close" in answer.partition(b"POST")[2]
    assert b"keep-alive" not in answer
    assert answer.endswith(b"|300000|012")
    with socket.create_connection(("127.0.0.1", echo), 10) as stream:
        stream.sendall(f"GET / HTTP/1.1\r\nAuthorization: {TOKEN}\r\n\r\n".encode())
        came = []
        while stream.recv(65536):
            came.append(time.monotonic())
        assert came[-1] - came[0] > 0.3, "each part is handed on as it comes"
    with socket.create_connection(("127.0.0.1", echo), 10) as tunnel:
        tunnel.sendall(
            f"GET / HTTP/1.1\r\nAuthorization: {TOKEN}\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n".encode()
        )
        assert b"101 Switching" in tunnel.recv(65536)
        for message in (b"\x00\xffbinary", b"second"):
            tunnel.sendall(message)
            assert tunnel.recv(65536) == message


def test_what_is_no_request_that_can_be_handed_on_is_refused_and_the_gateway_lives(echo: int) -> None:
    good = f"GET / HTTP/1.1\r\nAuthorization: {TOKEN}\r\n\r\n".encode()
    for raw, expected in (
        (b"PRI * HTTP/2.0\r\n\r\n", b" 400 "),
        (b"\x16\x03\x01 hello\r\n\r\n", b" 400 "),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b" 400 "),
        (f"GET / HTTP/1.1\r\nX: y\nAuthorization: {TOKEN}\r\n\r\n".encode(), b" 400 "),
        (f"GET / HTTP/1.1\r\nAuthorization: {TOKEN}\r\nAuthorization: x\r\n\r\n".encode(), b" 401 "),
        (b"GET / HTTP/1.1\r\nX: " + b"y" * (LARGEST_HEAD + 10) + b"\r\n\r\n", b" 431 "),
    ):
        assert expected in said(echo, raw)[:20], raw[:60]
    assert said(echo, b"GET / HTTP/1.1\r\nhalf", end=True) == b""
    assert b" 200 " in said(echo, good)[:20]


def test_an_instance_that_does_not_answer_is_502(machine: Machine) -> None:
    launched = launch(script="exec sleep 600")
    machine.runtime.start(launched)
    port = machine.record(launched).port
    until(lambda: port in gate.open_ports(machine.folder))
    assert status(machine, launched, Authorization=TOKEN) == 502
    assert status(machine, launched) == 401


def test_a_gateway_that_is_killed_comes_back_and_no_instance_notices(machine: Machine) -> None:
    launched = launch(script=serving())
    machine.ready(launched)
    pids, process = machine.pids(launched), gate.process(machine.folder)
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    until(lambda: (found := gate.process(machine.folder)) is not None and found.pid != process.pid)
    machine.becomes(launched, "ready")
    assert status(machine, launched, Authorization=TOKEN) == 200
    assert machine.pids(launched) == pids


def test_it_outlives_its_supervisord_and_hands_over_to_the_next_ones(machine: Machine) -> None:
    launched = launch(script=serving())
    machine.ready(launched)
    first = gate.process(machine.folder)
    assert first is not None
    machine.kill_supervisor()
    assert status(machine, launched, Authorization=TOKEN) == 200
    other = launch("other", script=serving())
    machine.ready(other)
    until(lambda: (found := gate.process(machine.folder)) is not None and found.pid != first.pid)
    for each in (launched, other):
        machine.becomes(each, "ready")
        assert status(machine, each, Authorization=TOKEN) == 200


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ((b"t",), True),
        ((b"Bearer t",), True),
        ((b"bearer  t",), True),
        ((), False),
        ((b"t", b"t"), False),
        ((b"T",), False),
    ],
)
def test_a_token_is_said_once(given: tuple[bytes, ...], expected: bool) -> None:
    assert allowed(given, b"t") is expected


def test_a_head_keeps_its_lines_in_their_order_but_for_what_is_about_this_connection() -> None:
    head = read_head(b"GET / HTTP/1.1\r\nB: 2\r\nKeep-Alive: 5\r\nConnection: close\r\nA: 1\r\n\r\n")
    assert head is not None
    assert head.forwarded == b"GET / HTTP/1.1\r\nB: 2\r\nA: 1\r\nConnection: close\r\n\r\n"


def test_a_supervisord_of_an_earlier_version_is_given_one(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was started before there was a gateway, and what it keeps runs on."""
    with monkeypatch.context() as earlier:
        before, _, rest = supervisord._CONFIG.partition("[program:gateway]")
        earlier.setattr(supervisord, "_CONFIG", before + "[include]" + rest.partition("[include]")[2])
        machine.runtime._daemon.ensure()
    pid = machine.supervisor()
    assert gate.process(machine.folder) is None
    launched = launch(script=serving())
    machine.ready(launched)
    assert status(machine, launched, Authorization=TOKEN) == 200
    assert machine.supervisor() == pid
