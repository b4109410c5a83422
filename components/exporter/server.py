"""``/metrics`` and ``/healthz`` over HTTP, on the loopback address unless told otherwise."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, choose_encoder, generate_latest

from components.exporter.scrape import Scraper

TEXT = "text/plain; charset=utf-8"


def registry_of(scraper: Scraper) -> CollectorRegistry:
    """Return a registry with our metrics alone."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(scraper)
    return registry


def text_of(scraper: Scraper) -> str:
    """Return all metrics as text, as node_exporter's textfile collector reads them."""
    return generate_latest(registry_of(scraper)).decode()


def serve(scraper: Scraper, address: str, port: int, said: Callable[[str], None]) -> ThreadingHTTPServer:
    """Return a server that listens; the caller lets it serve. Raises OSError where the address cannot be had.

    ``said`` is told of a request that could not be answered.
    """
    registry = registry_of(scraper)

    class Handler(BaseHTTPRequestHandler):
        """Answers GET."""

        server_version = "eas-exporter"
        sys_version = ""
        timeout = 30

        def do_GET(self) -> None:
            """Answer the two paths."""
            path = self.path.partition("?")[0]
            if path == "/metrics":
                self._metrics()
            elif path == "/healthz":
                self._answer(HTTPStatus.OK, TEXT, b"ok\n")
            else:
                self._answer(HTTPStatus.NOT_FOUND, TEXT, b"here are /metrics and /healthz\n")

        def _metrics(self) -> None:
            try:
                encode, kind = choose_encoder(self.headers.get("Accept", "") or CONTENT_TYPE_PLAIN_0_0_4)
                body = encode(registry)
            except Exception as error:  # noqa: BLE001 - the outermost place of a request: a scraper reads no traceback
                said(f"unexpected {type(error).__name__}: {error}. This is a mistake in eas")
                self._answer(
                    HTTPStatus.INTERNAL_SERVER_ERROR, TEXT, b"a mistake in eas; its stderr says which\n"
                )
                return
            self._answer(HTTPStatus.OK, kind, body)

        def _answer(self, status: HTTPStatus, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
            """Say nothing of requests that were answered."""

    class Server(ThreadingHTTPServer):
        """Does not print a traceback where a client goes away."""

        daemon_threads = True

        def handle_error(self, request: object, client_address: object) -> None:
            """Let it go: the client does not listen any more."""

    return Server((address, port), Handler)
