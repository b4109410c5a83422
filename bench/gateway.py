"""What the local runtime's gateway costs: requests, a stream, memory; each beside the same without it.

    python -m bench.gateway [--requests N] [--instances N] [--json]

The gateway runs as it does under supervisord, over records made up here. Behind it is a small server, a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from bench.figures import Figure, calibration
from components.runtimes.local.gate import MODULE
from components.runtimes.local.gateway import PORTS, SOCKET

ROOT = Path(__file__).resolve().parents[1]
TOKEN = "t0ken"

STREAM_MIB = 256
CLIENTS = 8


def serve(port: int) -> None:
    """Answer every request: ``/stream`` with many bytes, everything else with two."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            writer.close()
            return
        if b"/stream" in head:
            writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            for _ in range(STREAM_MIB):
                writer.write(b"x" * (1 << 20))
                await writer.drain()
        else:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", port, backlog=1024)
        async with server:
            await server.serve_forever()

    asyncio.run(main())


def ask(port: int, path: str = "/", token: str = TOKEN) -> int:
    """Return how many bytes come back for one request on a connection of its own."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\nAuthorization: {token}\r\n\r\n".encode())
        count, last = 0, b""
        while part := connection.recv(1 << 18):
            count, last = count + len(part), part
        if path == "/" and token == TOKEN and not last.endswith(b"ok"):
            raise SystemExit(f"port {port} answered {last[:200]!r}")
        return count


def free_ports(count: int) -> list[int]:
    """Return ports that nobody listens at just now."""
    # Below those that the kernel gives to outgoing connections, of which there are many here.
    found: list[int] = []
    for port in range(31_999, 21_000, -1):
        if len(found) == count:
            break
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            found.append(port)
    return found


@contextlib.contextmanager
def running(command: list[str]) -> Iterator[psutil.Process]:
    """Run a process while the block lasts."""
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}) as started:
        try:
            yield psutil.Process(started.pid)
        finally:
            started.terminate()


def record(folder: Path, name: str, port: int, inner: int) -> None:
    """Write what the gateway reads of one instance."""
    home = folder / "instances" / name
    home.mkdir(parents=True)
    (home / "token").write_text(TOKEN)
    (home / "record.json").write_text(json.dumps({"port": port, "inner": inner}))


def until(true: Callable[[], bool]) -> None:
    """Wait until it is so, for half a minute at most."""
    deadline = time.monotonic() + 30
    while not true():
        if time.monotonic() > deadline:
            raise SystemExit("the gateway or the server did not come up within 30 s")
        time.sleep(0.02)


def listens(port: int) -> bool:
    """Whether somebody does."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def rate(port: int, requests: int) -> float:
    """Return requests a second of several clients at once, each request on a connection of its own."""
    with ThreadPoolExecutor(CLIENTS) as pool:
        began = time.perf_counter()
        list(pool.map(lambda _: ask(port), range(requests)))
        return requests / (time.perf_counter() - began)


def cpu(process: psutil.Process) -> float:
    """Return the CPU seconds of a process so far."""
    spent = process.cpu_times()
    return float(spent.user + spent.system)


def measure(requests: int, many: int) -> Iterator[Figure]:
    """Yield the figures."""
    port, inner, *more = free_ports(2 + many)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        record(folder, "one", port, inner)
        server = [sys.executable, "-m", "bench.gateway", "--serve", str(inner)]
        gateway = [sys.executable, "-S", "-m", MODULE, str(folder)]
        with running(server), running(gateway) as process:
            until(lambda: listens(inner) and listens(port))
            yield Figure("memory, one instance", process.memory_info().rss / 2**20, "MiB", target=40)
            ask(port), ask(inner)
            plain = max(rate(inner, requests) for _ in range(3))
            before = cpu(process)
            through = max(rate(port, requests) for _ in range(3))
            spent = (cpu(process) - before) / (3 * requests)
            yield Figure(f"requests a second, {CLIENTS} clients, without it", plain, "1/s")
            yield Figure(f"requests a second, {CLIENTS} clients, through it", through, "1/s")
            yield Figure("its CPU for a request", 1000 * spent, "ms", target=2)
            before = cpu(process)
            for _ in range(requests):
                ask(port, token="wrong")
            yield Figure(
                "its CPU for a refused request", 1000 * (cpu(process) - before) / requests, "ms", target=1
            )
            began = time.perf_counter()
            ask(inner, "/stream")
            yield Figure("stream without it", STREAM_MIB / (time.perf_counter() - began), "MiB/s")
            before, began = cpu(process), time.perf_counter()
            if ask(port, "/stream") < STREAM_MIB << 20:
                raise SystemExit("the stream came short")
            yield Figure(
                "stream through it", STREAM_MIB / (time.perf_counter() - began), "MiB/s", at_least=50
            )
            yield Figure("its CPU for a GiB", (cpu(process) - before) * 1024 / STREAM_MIB, "s", target=10)
            for n, each in enumerate(more):
                record(folder, f"more-{n}", each, inner)
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
                told.sendto(b"!", str(folder / SOCKET))
            until(lambda: len((folder / PORTS).read_text().split()) == many + 1)
            yield Figure(f"memory, {many + 1} instances", process.memory_info().rss / 2**20, "MiB", target=60)
            before = cpu(process)
            time.sleep(6)
            idle = (cpu(process) - before) / 6 * 100
            yield Figure(
                f"its CPU while {many + 1} instances are asked nothing", idle, "% of a core", target=5
            )


def main() -> int:
    """Print the figures; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--instances", type=int, default=500)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.serve:
        serve(chosen.serve)
        return 0
    figures = []
    for figure in (calibration(), *measure(chosen.requests, chosen.instances)):
        print(figure, flush=True)
        figures.append(figure)
    if chosen.json:
        print(json.dumps({"figures": [figure.to_dict() for figure in figures]}))
    return 0 if all(figure.holds for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
