"""Rules of what an instance runs. Source: "Parameters of model services"."""

from __future__ import annotations

import json
from collections.abc import Iterator

from components.rules.rule import Complaint, Rule
from components.rules.views import ServiceView
from components.spec.stand_in import runs_itself, stand_in_for

RESERVED_PORTS = (8080, 9090)
"""EAS's own servers listen there."""

_CHECKS = ("startup_check", "liveness_check", "health_check")


def _ports(view: ServiceView) -> Iterator[Complaint]:
    for index, container in enumerate(view.service.containers):
        if container.port in RESERVED_PORTS:
            field = f"containers[{index}].port"
            yield Complaint(
                field, container.port, f"{field} is {container.port}, which EAS itself listens on."
            )


def _image(view: ServiceView) -> Iterator[Complaint]:
    for index, container in enumerate(view.service.containers):
        if not container.image:
            yield Complaint(f"containers[{index}].image", "", f"containers[{index}] has no image.")


def _runs(view: ServiceView) -> Iterator[Complaint]:
    for index, container in enumerate(view.service.containers):
        if not container.command and not container.script and not (index == 0 and _has_stand_in(view)):
            yield Complaint(
                f"containers[{index}]", None, f"containers[{index}] has neither command nor script."
            )


def _both(view: ServiceView) -> Iterator[Complaint]:
    for index, container in enumerate(view.service.containers):
        if container.command and container.script:
            message = f"containers[{index}] has both command and script: only one of them is run."
            yield Complaint(f"containers[{index}].script", container.script, message)


def _processor(view: ServiceView) -> Iterator[Complaint]:
    processor = view.service.processor
    if processor and view.service.containers:
        message = (
            f"processor is {processor!r}, but there are containers too: a service runs one or the other."
        )
        yield Complaint("processor", processor, message)


def _probe(view: ServiceView) -> Iterator[Complaint]:
    for index, container in enumerate(view.service.containers):
        for key in _CHECKS:
            check = getattr(container, key)
            if check is not None and (check.http_get is None) == (check.tcp_socket is None):
                has = "both http_get and tcp_socket" if check.http_get else "neither http_get nor tcp_socket"
                yield Complaint(f"containers[{index}].{key}", None, f"containers[{index}].{key} has {has}.")


def _env(view: ServiceView) -> Iterator[Complaint]:
    for index, container in enumerate(view.service.containers):
        names = [variable.name for variable in container.env]
        for place, name in enumerate(names):
            if name in names[:place]:
                field = f"containers[{index}].env[{place}].name"
                yield Complaint(
                    field, name, f"{field} is {name!r} for the second time: the first value has no effect."
                )


def _storage(view: ServiceView) -> Iterator[Complaint]:
    for index, mount in enumerate(view.service.storage):
        sources = [key for key in ("oss", "nfs", "dataset") if getattr(mount, key) is not None]
        if len(sources) > 1 or not mount.mount_path:
            has = f"{' and '.join(sources)}" if len(sources) > 1 else "no mount_path"
            yield Complaint(f"storage[{index}]", None, f"storage[{index}] has {has}.")


def _something(view: ServiceView) -> Iterator[Complaint]:
    if (missing := _nothing_to_run(view)) is not None:
        field = "containers[0]" if view.service.containers else ""
        yield Complaint(field, None, missing[0], missing[1])


def _nothing_to_run(view: ServiceView) -> tuple[str, str] | None:
    service, facts = view.service, view.facts
    if facts is None or facts.runtime == "simulated":
        return None
    if facts.runtime == "kubernetes" and not service.containers:
        return "the file has no containers, and a Kubernetes pod is made of them.", "Write containers."
    if facts.runtime == "pai-eas" and not service.containers and not service.processor:
        return (
            "the file has neither containers nor a processor: EAS would have nothing to run.",
            "Write one of them.",
        )
    if facts.runtime == "local" and not runs_itself(service) and _stand_in(view) is None:
        return _no_stand_in(view, facts.pool)
    return None


def _no_stand_in(view: ServiceView, pool: str) -> tuple[str, str]:
    """Return what this machine cannot run, and the line that says what stands in for it."""
    service = view.service
    image = service.containers[0].image if service.containers else ""
    said = f"the image {image!r} and no command for it" if image else "nothing to run"
    said = f"the processor {service.processor!r}" if service.processor else said
    entry = f"local: {{run: {{{json.dumps(service.processor or image or service.name)}: COMMAND}}}}"
    names = f"or {service.name!r} for this service alone, or `default`"
    fix = f"Add to pool {pool!r} `{entry}` ({names}); COMMAND serves on $PORT."
    return f"the file names {said}, and this machine is not told what stands for it.", fix


def _stand_in(view: ServiceView) -> str | None:
    return stand_in_for(view.service, view.facts.run) if view.facts else None


def _has_stand_in(view: ServiceView) -> bool:
    """Whether the pool's file has the last word on what runs for the first container: `something-to-run` judges it.

    A pool of records is judged as the machine that it stands for.
    """
    return view.runtime == "local" or (view.runtime == "simulated" and _stand_in(view) is not None)


CONTAINERS: tuple[Rule[ServiceView], ...] = (
    Rule(
        "port-not-reserved",
        "invalid",
        "containers",
        "A container does not serve on 8080 or 9090.",
        "Use another port, such as 8000.",
        _ports,
    ),
    Rule(
        "container-has-image",
        "invalid",
        "containers",
        "Each container has an image.",
        "Write its image.",
        _image,
    ),
    Rule(
        "container-runs-something",
        "invalid",
        "containers",
        "Each container has a command or a script, unless the pool's local.run stands in for it.",
        "Write one of them.",
        _runs,
    ),
    Rule(
        "command-or-script",
        "ineffective",
        "containers",
        "A container has a command or a script, not both.",
        "Delete one of them.",
        _both,
    ),
    Rule(
        "containers-or-processor",
        "invalid",
        "containers",
        "A service runs containers or a processor, not both.",
        "Delete one of them.",
        _processor,
    ),
    Rule(
        "check-has-one-probe",
        "invalid",
        "containers",
        "A health check has exactly one of http_get and tcp_socket.",
        "Keep one of them.",
        _probe,
    ),
    Rule(
        "env-once",
        "ineffective",
        "containers",
        "An environment variable is set once in a container.",
        "Delete one of the two.",
        _env,
    ),
    Rule(
        "mount-has-one-source",
        "invalid",
        "containers",
        "A mount has a mount_path and one source.",
        "Write mount_path and one of oss, nfs and dataset.",
        _storage,
    ),
    Rule(
        "something-to-run",
        "invalid",
        "containers",
        "The pool's runtime can find what an instance runs.",
        "Write containers with a command, or say under local.run of the pool what stands in for it.",
        _something,
    ),
)
