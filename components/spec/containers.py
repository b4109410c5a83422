"""The ``containers`` block: what an instance runs.

Source: "Parameters of model services"; health checks from public samples.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from components.spec.typed import Block, List, MaybeWhole, Whole, Words

Port = Annotated[int, Field(ge=1, le=65535)]


class EnvVar(Block):
    """One environment variable."""

    name: str
    value: Annotated[str, Field(repr=False)] = ""


class Prepare(Block):
    """What is installed before the command runs."""

    python_requirements: Annotated[tuple[str, ...], List, Field(alias="pythonRequirements")] = ()
    python_requirements_path: Annotated[str, Field(alias="pythonRequirementsPath")] = ""


class HttpGet(Block):
    """Ready when a GET answers 2xx or 3xx. ``port`` 0: the container's port."""

    path: str = "/"
    port: Annotated[int, Field(ge=0, le=65535)] = 0


class TcpSocket(Block):
    """Ready when the port accepts a connection. ``port`` 0: the container's port."""

    port: Annotated[int, Field(ge=0, le=65535)] = 0


class Check(Block):
    """A health check; the defaults are those of Kubernetes, whose words these are."""

    http_get: HttpGet | None = None
    tcp_socket: TcpSocket | None = None
    initial_delay_seconds: Annotated[Whole, Field(description="unit: seconds")] = 0
    period_seconds: Annotated[Whole, Field(description="unit: seconds")] = 10
    timeout_seconds: Annotated[Whole, Field(description="unit: seconds")] = 1
    success_threshold: Whole = 1
    failure_threshold: Whole = 3


class Container(Block):
    """One container; ``command`` or ``script`` says what it runs."""

    image: str = ""
    command: Words = ""
    script: str = ""
    port: Annotated[MaybeWhole, Field(le=65535, description="the port it serves on")] = None
    env: Annotated[tuple[EnvVar, ...], List] = ()
    prepare: Prepare = Prepare()
    startup_check: Check | None = None
    liveness_check: Check | None = None
    health_check: Check | None = None


class ProcessorBlock(Block):
    """The fields of a service that runs a processor instead of containers, at the top level of a file."""

    processor: str = ""
    processor_path: str = ""
    processor_entry: str = ""
    processor_mainclass: str = ""
    processor_type: Literal["", "cpp", "java", "python"] = ""
    model_path: str = ""
    model_entry: str = ""
    model_config_data: Annotated[object, Field(alias="model_config")] = None
    oss_endpoint: str = ""
    warm_up_data_path: str = ""
