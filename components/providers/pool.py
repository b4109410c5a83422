"""The provider of ``GpuPool``: ``components.providers.work.pool``. Its dotted name is stored state: never move it."""

from typing import ClassVar

from components.providers.shell import Shell


class GpuPoolProvider(Shell):
    """Hands every call to ``components.providers.work.pool``."""

    work: ClassVar[str] = "pool"
