"""The provider of ``EasService``: ``components.providers.work.service``. Its dotted name is stored state: never move it."""

from typing import ClassVar

from components.providers.shell import Shell


class EasServiceProvider(Shell):
    """Hands every call to ``components.providers.work.service``."""

    work: ClassVar[str] = "service"
