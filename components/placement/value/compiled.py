"""The kernels, compiled: from where they are kept, or compiled and kept.

The kernels are ordinary functions, which also run interpreted and then give the same answers, only slower. Object code is
kept on disk, in a folder named for the digest of this package's source and in a file named for the machine, so that code
of another version or for another processor is never run: beside the source where that can be written to, else in the
user's cache, else nowhere. What lies there changes how soon an answer comes, never the answer.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from components.placement.value.kernels import Kernels

FOLDERS = "compiled-*"
"""How the folders of all versions are named."""


SMALL = 300_000
"""Up to how many inner rounds it is quicker to interpret the kernels than to load the compiled ones."""


def interpret(rounds: int) -> bool:
    """Return whether so much work is done sooner interpreted: where this process has the compiled kernels, nothing is."""
    return rounds <= SMALL and not compiled.cache_info().currsize


@cache
def compiled() -> Kernels:
    """Return the kernels compiled. Nothing else here imports llvmlite, which is not needed for the smallest plans."""
    from components.placement.value.linked import described, linked

    place = folder()
    file = None if place is None else place / f"{_digest(described().encode())}.o"
    code = None if file is None else _kept(file)
    if code is None:
        from components.placement.value.compile import object_code

        code = object_code()
        if file is not None:
            _keep(file, code)
    return linked(code)


def folder() -> Path | None:
    """Return the folder for compiled code of this version, or None where there is none to write to."""
    here = Path(__file__).parent
    sources = b"".join(source.read_bytes() for source in sorted(here.glob("*.py")))
    name = FOLDERS.replace("*", _digest(sources))
    for parent in (here / "__pycache__", Path.home() / ".cache" / "eas-slices"):
        try:
            (parent / name).mkdir(parents=True, exist_ok=True)
            (parent / name / "writable").touch()
        except OSError:
            continue
        return parent / name
    return None


def _digest(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()[:16]


def _kept(file: Path) -> bytes | None:
    """Return the code of a file, None where it is not there or not whole."""
    try:
        found = file.read_bytes()
    except OSError:
        return None
    code = found[32:]
    return code if hashlib.sha256(code).digest() == found[:32] else None


def _keep(file: Path, code: bytes) -> None:
    """Write code behind its digest: whoever meets a part of it, or of two writers' at once, takes it for none."""
    part = file.with_suffix(".part")
    try:
        part.write_bytes(hashlib.sha256(code).digest() + code)
        part.replace(file)
    except OSError:
        part.unlink(missing_ok=True)
