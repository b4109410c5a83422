"""The sample's model: says which instance it is, which cards it was given and how much of them, over HTTP.

Standard library only. ``GET /`` answers JSON, ``GET /healthz`` answers ``ok``. The token is read anew for
each request, so that a new one counts without a restart.
"""

import hmac
import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def listed(name: str) -> list[str]:
    """Return the items of a comma-separated environment variable."""
    return [item for item in os.environ.get(name, "").split(",") if item]


def authorized(given: str) -> bool:
    """Whether ``given`` is the service's token; true where the service has none."""
    file = os.environ.get("EAS_TOKEN_FILE", "")
    token = Path(file).read_text(encoding="utf-8").strip() if file else os.environ.get("EAS_TOKEN", "")
    return not token or hmac.compare_digest(given.removeprefix("Bearer ").encode(), token.encode())


def description() -> dict[str, object]:
    """Return what this instance was told about itself; MiB and percent are per card."""
    return {
        "instance": os.environ.get("EAS_INSTANCE", ""),
        "service": os.environ.get("EAS_SERVICE", ""),
        "node": os.environ.get("EAS_NODE", ""),
        "cards": listed("EAS_CARD_UUIDS"),
        "gpu_memory_mib": [int(item) for item in listed("EAS_GPU_MEMORY_MIB")],
        "gpu_core_percentage": [int(item) for item in listed("EAS_GPU_CORE_PERCENTAGE")],
        "model": os.environ.get("MODEL", ""),
        "pid": os.getpid(),
    }


class Handler(BaseHTTPRequestHandler):
    """Answers ``/`` and ``/healthz``."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer one request."""
        if self.path == "/healthz":
            self.answer(200, "text/plain", b"ok\n")
        elif self.path == "/":
            said = {**description(), "authorized": authorized(self.headers.get("Authorization", ""))}
            self.answer(200, "application/json", json.dumps(said).encode() + b"\n")
        else:
            self.answer(404, "text/plain", b"only / and /healthz are here\n")

    def answer(self, status: int, kind: str, body: bytes) -> None:
        """Send one whole answer."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Keep the log to what is worth reading: errors, not every health check."""


class Server(ThreadingHTTPServer):
    """Many requests at once, none of which keeps the process from ending."""

    daemon_threads = True
    request_queue_size = 128


def main() -> None:
    """Serve on ``$PORT`` until told to end."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    port = int(os.environ.get("PORT", "8000"))
    with Server(("127.0.0.1", port), Handler) as server:
        print(f"serving on port {port}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
