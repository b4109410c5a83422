"""The provider of ``Placement``: ``components.providers.work.placement``. Its dotted name is stored state: never move it."""

from typing import ClassVar

from components.providers.shell import Shell


class PlacementProvider(Shell):
    """Hands every call to ``components.providers.work.placement``."""

    work: ClassVar[str] = "placement"
