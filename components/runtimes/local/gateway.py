"""Stands before every instance of one project: a request without its service's token goes no further, as on EAS.

What an instance runs knows nothing of EAS's tokens, so it serves at a port of its own, and the endpoint that is given out
is this process's. It looks at the head of each request and hands the rest on as it comes, both ways: streams and websockets
pass as they are. ``Connection: close`` is asked of the instance, so that the next request comes on a connection of its own
and is looked at as well. HTTP/1 only.

One small process per project under supervisord. Standard library only, and nothing else of this package. It reads what the
runtime writes anyway: records say which ports, token files which tokens, and a new token counts from the next request on.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hmac
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

SOCKET, PID, LOCK, PORTS = "gateway.sock", "gateway.pid", "gateway.lock", "gateway.ports"
"""In the runtime's folder: where it is told that records have changed, who it is, what only one of them holds, and where it
listens now."""

LARGEST_HEAD = 64 << 10
HEAD_WITHIN = 30.0
CONNECT_WITHIN = 10.0
DRAIN_WITHIN = 5.0
"""Bytes of a request's head; seconds for it to come, to reach the instance, and for answers
to end when this process does."""
LOOK_EVERY = 2.0
"""Seconds between two looks at the records, should nobody have said that they changed."""
_PIECE = 64 << 10
_HOST = "127.0.0.1"
_PER_CONNECTION = (b"connection", b"keep-alive", b"proxy-connection")


class Route(NamedTuple):
    """One instance: the port that is given out, the one that it serves at, and the file with its service's token."""

    port: int
    inner: int
    token: Path


class Head(NamedTuple):
    """A request's first lines: as they are handed on, and what it says of who asks."""

    forwarded: bytes
    credentials: tuple[bytes, ...]


def routes(instances: Path) -> dict[int, Route]:
    """Return the routes of all instances that have a record, by the port that is given out."""
    found = {}
    for folder in instances.iterdir() if instances.is_dir() else ():
        with contextlib.suppress(OSError, ValueError, TypeError):
            record = json.loads((folder / "record.json").read_bytes())
            port, inner = int(record.get("port") or 0), int(record.get("inner") or 0)
            # Without a port of its own it is an instance of an earlier version, which serves at the port itself.
            if port and inner:
                found[port] = Route(port, inner, folder / "token")
    return found


def read_head(raw: bytes) -> Head | None:
    """Return the head of a request, None for what is none."""
    first, *lines = raw[:-4].split(b"\r\n")
    if len(first.split(b" ")) != 3 or not first.rsplit(b" ", 1)[1].startswith(b"HTTP/1."):
        return None
    pairs = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon or not name or name != name.strip() or b"\n" in line or b"\r" in line:
            return None
        pairs.append((name.lower(), value.strip(), line))
    kept = [line for name, _, line in pairs if name not in _PER_CONNECTION]
    wishes = b",".join(value for name, value, _ in pairs if name == b"connection").lower()
    upgrade = b"upgrade" in wishes and any(name == b"upgrade" for name, _, _ in pairs)
    kept.append(b"Connection: Upgrade" if upgrade else b"Connection: close")
    given = tuple(value for name, value, _ in pairs if name == b"authorization")
    return Head(b"\r\n".join([first, *kept]) + b"\r\n\r\n", given)


def allowed(credentials: tuple[bytes, ...], token: bytes) -> bool:
    """Return whether a request says the token, once, alone or after ``Bearer``; takes as long whatever it says."""
    said = credentials[0] if len(credentials) == 1 else b""
    scheme, space, rest = said.partition(b" ")
    if space and scheme.lower() == b"bearer":
        said = rest.strip()
    return hmac.compare_digest(said, token) and bool(token)


def answer(status: str, sentence: str, *more: str) -> bytes:
    """Return a short answer of this process's own."""
    body = (json.dumps({"error": sentence}) + "\n").encode()
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}", *more]
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body


WITHOUT_TOKEN = answer(
    "401 Unauthorized",
    "this endpoint wants the service's token in the header Authorization; `eas token SERVICE` prints it",
    "WWW-Authenticate: Bearer",
)
NO_REQUEST = answer("400 Bad Request", "this is not an HTTP/1 request that can be handed on")
TOO_LARGE = answer(
    "431 Request Header Fields Too Large", f"a request's head has at most {LARGEST_HEAD} bytes"
)
NOBODY = answer("502 Bad Gateway", "the instance does not answer at its port; `eas ls` says how it is")


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, route: Route) -> None:
    """Judge one request and hand it on; everything that breaks a connection ends both of its sides."""
    opened: list[asyncio.StreamWriter] = [writer]
    try:
        try:
            raw = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), HEAD_WITHIN)
        except asyncio.LimitOverrunError:
            writer.write(TOO_LARGE)
            return
        head = read_head(raw)
        if head is None:
            writer.write(NO_REQUEST)
            return
        if not allowed(head.credentials, _token(route.token)):
            writer.write(WITHOUT_TOKEN)
            return
        try:
            connecting = asyncio.open_connection(_HOST, route.inner, limit=_PIECE)
            back, onward = await asyncio.wait_for(connecting, CONNECT_WITHIN)
        except OSError:
            writer.write(NOBODY)
            return
        opened.append(onward)
        onward.write(head.forwarded)
        sending = asyncio.create_task(_hand_on(reader, onward))
        try:
            await _hand_on(back, writer)
        finally:
            sending.cancel()
    except (OSError, asyncio.IncompleteReadError, TimeoutError):
        # Whoever asked has gone, or asked nothing: as a look does that only tries whether somebody listens.
        pass
    finally:
        for each in opened:
            each.close()


async def _hand_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await source.read(_PIECE):
            target.write(piece)
            await target.drain()
        if target.can_write_eof():
            target.write_eof()


def _token(file: Path) -> bytes:
    try:
        return file.read_bytes().strip()
    except OSError:
        return b""


class Gateway:
    """The open ports, kept as the records say."""

    def __init__(self, root: Path) -> None:
        """Open nothing. ``root``: the local runtime's folder."""
        self._ports = root / PORTS
        self._instances = root / "instances"
        self._servers: dict[Route, asyncio.Server] = {}
        self._told: set[Route] | None = None
        self._serving: set[asyncio.Task[None]] = set()

    async def look(self) -> bool:
        """Open and close ports as the records say now; answers whether there are any."""
        wanted = routes(self._instances)
        for route in [route for route in self._servers if wanted.get(route.port) != route]:
            self._servers.pop(route).close()
        for route in wanted.values():
            if route not in self._servers:
                try:
                    self._servers[route] = await self._listen(route)
                except OSError as error:
                    print(f"port {route.port}: {error}; tried again", file=sys.stderr, flush=True)
        self._tell()
        return bool(wanted)

    def _tell(self) -> None:
        """Write down which ports are open: an instance that is started anew keeps the one that this process holds for it."""
        if self._told != self._servers.keys():
            draft = self._ports.with_suffix(".new")
            draft.write_text(" ".join(str(route.port) for route in self._servers))
            draft.replace(self._ports)
            self._told = {*self._servers}

    async def _listen(self, route: Route) -> asyncio.Server:
        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(serve(reader, writer, route))
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)

        return await asyncio.start_server(
            accept, _HOST, route.port, limit=LARGEST_HEAD, backlog=1024, reuse_address=True
        )

    def shut(self) -> None:
        """Take nothing new."""
        for server in self._servers.values():
            server.close()

    async def drain(self) -> None:
        """Give what is being answered a little time."""
        if self._serving:
            await asyncio.wait(self._serving, timeout=DRAIN_WITHIN)


@contextlib.contextmanager
def the_only_one(root: Path) -> Iterator[None]:
    """Be this project's gateway: one that lives on, as its supervisord was killed, is asked to end first."""
    handle = os.open(root / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    until = time.monotonic() + 2 * DRAIN_WITHIN
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            # Who holds the lock wrote the number, or is about to.
            with contextlib.suppress(OSError, ValueError):
                os.kill(
                    int((root / PID).read_text()),
                    signal.SIGTERM if time.monotonic() < until else signal.SIGKILL,
                )
            time.sleep(0.05)
    (root / PID).write_text(str(os.getpid()))
    yield
    # The ports are free: whoever waits may have them, while answers that are under way go on.
    os.close(handle)


async def stand(root: Path) -> Gateway:
    """Serve until told to end, or until nobody is left to serve and to start anew; answers who has the ports open."""
    changed, ended = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    told.setblocking(False)
    os.chdir(root)  # A unix socket's path must be short.
    Path(SOCKET).unlink(missing_ok=True)
    told.bind(SOCKET)

    def heard() -> None:
        with contextlib.suppress(OSError):
            while told.recv(64):
                pass
        changed.set()

    loop.add_reader(told, heard)
    gateway, parent = Gateway(root), os.getppid()
    end = loop.create_task(ended.wait())
    while not ended.is_set():
        changed.clear()
        busy = await gateway.look()
        if not busy and os.getppid() != parent:
            break
        wait = loop.create_task(changed.wait())
        await asyncio.wait((wait, end), timeout=LOOK_EVERY, return_when=asyncio.FIRST_COMPLETED)
        wait.cancel()
    loop.remove_reader(told)
    return gateway


async def _main(root: Path) -> None:
    with the_only_one(root):
        gateway = await stand(root)
        gateway.shut()
    await gateway.drain()


if __name__ == "__main__":
    os.umask(0o077)
    asyncio.run(_main(Path(sys.argv[1])))
