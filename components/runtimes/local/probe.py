"""Whether something answers at an instance's port, and the gateway before it: one short look, many at once."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from components.runtimes.local.record import Record

LONGEST = 2.0
"""Seconds that one look may take, whatever the check's own timeout says: a caller looks again."""

_WORKERS = 32
_HOST = "127.0.0.1"


def probe(record: Record) -> str:
    """Return why it is not ready, as half a sentence; empty if it is."""
    said = _asked(record)
    return said if said or not record.inner else _gateway(record.port)


def _gateway(port: int) -> str:
    try:
        socket.create_connection((_HOST, port), LONGEST).close()
    except OSError as error:
        return f"it answers, and the gateway at its endpoint 127.0.0.1:{port} does not listen yet ({error})"
    return ""


def _asked(record: Record) -> str:
    timeout = min(max(record.timeout, 0.1), LONGEST)
    try:
        if not record.path:
            socket.create_connection((_HOST, record.serving), timeout).close()
            return ""
        connection = http.client.HTTPConnection(_HOST, record.serving, timeout=timeout)
        try:
            connection.request(
                "GET", record.path, headers={"User-Agent": "eas-local-probe", "Connection": "close"}
            )
            status = connection.getresponse().status
        finally:
            connection.close()
    except TimeoutError:
        return f"no answer within {timeout:g} s"
    except ConnectionRefusedError:
        return "connection refused"
    except (OSError, http.client.HTTPException, ValueError) as error:
        return f"{type(error).__name__}: {error}"
    return "" if 200 <= status < 400 else f"HTTP status {status}"


class Probes:
    """Looks at many instances at once, with a bounded number of threads that start when they are first needed."""

    def __init__(self) -> None:
        """Start nothing."""
        self._pool: ThreadPoolExecutor | None = None

    def __call__(self, records: Iterable[Record]) -> dict[str, str]:
        """Return by instance id why it is not ready, empty where it is."""
        asked = tuple(records)
        if len(asked) < 2:
            return {record.id: probe(record) for record in asked}
        if self._pool is None:
            self._pool = ThreadPoolExecutor(_WORKERS, thread_name_prefix="eas-probe")
        return dict(zip((record.id for record in asked), self._pool.map(probe, asked), strict=True))
