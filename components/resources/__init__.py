"""What a Pulumi program declares: ``GpuPool``, ``EasService``, ``Placement``, and ``Fleet`` that wraps all three."""

from components.resources.fleet import Fleet
from components.resources.placement import Placement
from components.resources.pool import GpuPool
from components.resources.service import EasService

__all__ = ["EasService", "Fleet", "GpuPool", "Placement"]
