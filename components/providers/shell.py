"""The shell that all providers share: no instance attributes, imported fast, the work elsewhere.

Pulumi's SDK pickles the provider into every resource. A class without attributes pickles by reference (module and name);
with them, a program of about 1,000 resources ends in ``RecursionError`` (pulumi/pulumi#17803).
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Protocol, cast

from pulumi.dynamic import (
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    ResourceProvider,
    UpdateResult,
)


class Work(Protocol):
    """What a module of ``components.providers.work`` offers for one kind of resource."""

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Canonicalise and judge the inputs; changes nothing, survives unknown values."""
        ...

    def diff(self, id_: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Say whether anything is to be done, or leave the comparison to the engine."""
        ...

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Create, or adopt what is there."""
        ...

    def update(self, id_: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Make it as declared; answers all outputs."""
        ...

    def delete(self, id_: str, props: dict[str, Any]) -> None:
        """Take it away, unless another resource holds it by now."""
        ...

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Answer what is there."""
        ...


class Shell(ResourceProvider):
    """A provider that hands every call to its module of ``components.providers.work``."""

    serialize_as_secret_always = False
    work: ClassVar[str]
    """The module's name below ``components.providers.work``."""

    @contextmanager
    def _work(self) -> Iterator[Work]:
        """Give the module that does the work; what it raises reaches Pulumi as one sentence."""
        from components.providers.work.failures import plainly
        from components.providers.work.orphan import call

        with call(), plainly():
            yield cast(Work, importlib.import_module(f"components.providers.work.{self.work}"))

    def configure(self, req: ConfigureRequest) -> None:
        """Remember the stack's configuration for this process."""
        from components.providers.work import session

        session.configure(req)

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """See :meth:`Work.check`."""
        with self._work() as work:
            return work.check(_olds, news)

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """See :meth:`Work.diff`."""
        with self._work() as work:
            return work.diff(_id, _olds, _news)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """See :meth:`Work.create`."""
        with self._work() as work:
            return work.create(props)

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """See :meth:`Work.update`."""
        with self._work() as work:
            return work.update(_id, _olds, _news)

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """See :meth:`Work.delete`."""
        with self._work() as work:
            work.delete(_id, _props)

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """See :meth:`Work.read`."""
        with self._work() as work:
            return work.read(id_, props)
