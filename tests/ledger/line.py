"""Between a ledger and its server: counts how often one waits for the other, and is cut where a test wants it."""

from __future__ import annotations

import contextlib
import select
import socket
import threading

from tests.ledger.sites import PASSWORD, Site


class Line:
    """A line to the server that passes everything on, and is cut around one COMMIT: before it gets there, or its answer.

    ``cut``: ``commit`` or ``answer`` for the next one. ``trips``: how often something was said after an answer.
    """

    def __init__(self, port: int) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._port = port
        self.port = self._listener.getsockname()[1]
        self.cut = ""
        self.cuts = 0
        self.trips = 0
        threading.Thread(target=self._serve, daemon=True).start()

    def site(self, site: Site) -> Site:
        """Return the same ledger through this line."""
        url = f"postgresql://eas:{PASSWORD}@127.0.0.1:{self.port}/used?gssencmode=disable&sslmode=disable"
        return Site(url, site.home, site.where)

    def close(self) -> None:
        """Take no more."""
        self._listener.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        with (
            client,
            socket.create_connection(("127.0.0.1", self._port)) as server,
            contextlib.suppress(OSError),
        ):
            answered = True
            while True:
                for ready in select.select([client, server], [], [])[0]:
                    said = ready.recv(65_536)
                    if not said:
                        return
                    self.trips += answered and ready is client
                    answered = ready is server
                    # As the server reads a statement; READ COMMITTED is none.
                    if ready is client and b"COMMIT\0" in said and self.cut:
                        where, self.cut = self.cut, ""
                        self.cuts += 1
                        if where == "answer":
                            server.sendall(said)
                            server.recv(65_536)
                        return
                    (server if ready is client else client).sendall(said)
