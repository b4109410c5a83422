"""A service for tests: answers HTTP at $PORT; ``/environment`` and ``/token`` tell what it was told.

Small and quick to start: ``stub.py [ignore-term] [linger] [status=CODE]``.
"""

import contextlib
import os
import signal
import socket
import sys
from pathlib import Path

wishes = sys.argv[1:]
status = next((w.split("=")[1] for w in wishes if w.startswith("status=")), "200")


def told(*_: object) -> None:
    print("asked to end", flush=True)
    if "ignore-term" not in wishes:
        print("bye", flush=True)
        sys.exit(0)


signal.signal(signal.SIGTERM, told)
server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", int(os.environ["PORT"])))
server.listen(64)
print("serving", flush=True)
while True:
    connection, _ = server.accept()
    words = connection.recv(4096).split()
    path = words[1] if len(words) > 1 else b"/"
    if path == b"/environment":
        body = b"\0".join(name + b"=" + value for name, value in os.environb.items())
    elif path == b"/token":
        body = Path(os.environ["EAS_TOKEN_FILE"]).read_bytes()
    else:
        body = b"ok"
    with contextlib.suppress(OSError):
        connection.sendall(
            b"HTTP/1.0 %s X\r\nContent-Length: %d\r\n\r\n" % (status.encode(), len(body)) + body
        )
    connection.close()
