"""The ``autoscaler`` block, in its short form and in the API's. Keys are camelCase: EAS ignores others."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from components.spec.typed import Block, List, MaybeWhole, Whole

Threshold = Annotated[float, Field(allow_inf_nan=False)]


class ScaleStrategy(Block):
    """One measure and its threshold per instance."""

    metric_name: Annotated[str, Field(alias="metricName")] = ""
    service: str = ""
    threshold: Threshold = 0


class Window(Block):
    """How long a measure has to hold before instances are added or taken."""

    stabilization_window_seconds: Annotated[
        Whole, Field(alias="stabilizationWindowSeconds", description="unit: seconds")
    ] = 0


class OnZero(Block):
    """Scaling to no instance and back."""

    scale_down_grace_period_seconds: Annotated[
        Whole, Field(alias="scaleDownGracePeriodSeconds", description="unit: seconds")
    ] = 600
    scale_up_activation_replicas: Annotated[
        Whole, Field(alias="scaleUpActivationReplicas", description="unit: instances")
    ] = 1


class Behavior(Block):
    """Windows of scaling up, down, and from zero."""

    scale_up: Annotated[Window | None, Field(alias="scaleUp")] = None
    scale_down: Annotated[Window | None, Field(alias="scaleDown")] = None
    on_zero: Annotated[OnZero | None, Field(alias="onZero")] = None


class Autoscaler(Block):
    """Between how many instances EAS scales, and by what."""

    min: Annotated[MaybeWhole, Field(description="unit: instances")] = None
    max: Annotated[MaybeWhole, Field(description="unit: instances")] = None
    strategies: dict[str, Threshold] = Field(default_factory=dict)
    scale_strategies: Annotated[tuple[ScaleStrategy, ...], List, Field(alias="scaleStrategies")] = ()
    behavior: Behavior | None = None

    @property
    def bounds(self) -> tuple[int, int] | None:
        """(min, max) where both are written."""
        return None if self.min is None or self.max is None else (self.min, self.max)
