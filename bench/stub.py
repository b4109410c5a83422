"""A service for benchmarks: serves on $PORT a given number of seconds after it was started, for next to no CPU.

Run with ``python -I -S``; it imports only what is built in.
"""

import os
import sys
import time
from _socket import SO_REUSEADDR, SOL_SOCKET, socket

time.sleep(float(sys.argv[1]))
listener = socket()
listener.setsockopt(SOL_SOCKET, SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", int(os.environ["PORT"])))
listener.listen(16)
while True:
    fd, _ = listener._accept()  # type: ignore[attr-defined]
    os.close(fd)
