"""Rules of names, the update strategy and other metadata.

Sources: "Parameters of model services", "Rolling updates", "Elastic resource pool".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from components.rules.rule import Complaint, Rule
from components.rules.views import ServiceView
from components.spec.claim import EVICTABLE_LABEL

NAME = re.compile(r"[a-z0-9_]{3,63}")


def _name(view: ServiceView) -> Iterator[Complaint]:
    name = view.service.name
    if not NAME.fullmatch(name):
        near = re.sub(r"[^a-z0-9_]+", "_", name.lower()).strip("_")[:63]
        fix = f"Write {near!r}." if NAME.fullmatch(near) else ""
        whence = "" if view.meta.name else " (from the file's name, as the file has none)"
        message = f"the service's name is {name!r}{whence}; EAS takes 3 to 63 of a-z, 0-9 and _."
        yield Complaint("metadata.name", name, message, fix)


def _evictable(view: ServiceView) -> Iterator[Complaint]:
    said = view.service.labels.get(EVICTABLE_LABEL, "true")
    if said not in ("true", "false"):
        field = f"labels.{EVICTABLE_LABEL}"
        yield Complaint(field, said, f"{field} is {said!r}, so whether others may move it stays open.")


def _one_resource(view: ServiceView) -> Iterator[Complaint]:
    resource, quota = view.meta.resource, view.meta.quota_id
    if resource and quota and resource != quota:
        message = (
            f"metadata.quota_id is {quota!r} and metadata.resource is {resource!r}; an instance runs in one."
        )
        yield Complaint("metadata.quota_id", quota, message)


def _rolls(view: ServiceView) -> Iterator[Complaint]:
    strategy = view.meta.rolling_strategy
    if strategy.max_surge == 0 and strategy.max_unavailable == 0:
        message = (
            "max_surge and max_unavailable are both 0: an update could neither add nor stop an instance."
        )
        yield Complaint("metadata.rolling_strategy", None, message)


def _rdma(view: ServiceView) -> Iterator[Complaint]:
    if view.resource and not view.resource.startswith("quota"):
        message = f"metadata.rdma is 1, but {view.resource!r} is no Lingjun quota: there is no RDMA network."
        yield Complaint("metadata.rdma", 1, message)


def _burstable(view: ServiceView) -> Iterator[Complaint]:
    missing = [] if view.service.cloud.computing.types else ["cloud.computing"]
    if not view.service.cloud.networking.vpc_id:
        missing.append("cloud.networking")
    if missing:
        unset = " and ".join(missing)
        message = f"metadata.resource_burstable is true, but {unset} is not set: nothing can overflow."
        yield Complaint("metadata.resource_burstable", True, message)


def _burst_slice(view: ServiceView) -> Iterator[Complaint]:
    message = "metadata.resource_burstable is true: what overflows gets a whole public instance, not a slice."
    yield Complaint("metadata.resource_burstable", True, message)


_PROCESSOR_ONLY = ("batching", "max_batch_size", "max_batch_timeout")


def _batching(view: ServiceView) -> Iterator[Complaint]:
    written = view.meta.rpc.model_fields_set
    for key in _PROCESSOR_ONLY:
        if key in written:
            message = f"metadata.rpc.{key} is set, but the service runs containers: only processors batch."
            yield Complaint(f"metadata.rpc.{key}", getattr(view.meta.rpc, key), message)


METADATA: tuple[Rule[ServiceView], ...] = (
    Rule(
        "service-name",
        "invalid",
        "metadata",
        "A service's name is 3 to 63 of a-z, 0-9 and _; without one it is the file's name, with - as _.",
        "Write metadata.name.",
        _name,
    ),
    Rule(
        "evictable-true-or-false",
        "invalid",
        "metadata",
        f'The label {EVICTABLE_LABEL} is "true" or "false".',
        'Write "false" where only this stack may move the instances off a draining place, else leave it out.',
        _evictable,
    ),
    Rule(
        "one-resource",
        "invalid",
        "metadata",
        "A service names a resource group or a quota, not two different ones.",
        "Delete one of resource and quota_id.",
        _one_resource,
    ),
    Rule(
        "rolling-can-advance",
        "invalid",
        "metadata",
        "max_surge and max_unavailable are not both 0.",
        "Write 1 or more for one of the two.",
        _rolls,
    ),
    Rule(
        "rdma-needs-lingjun",
        "ineffective",
        "metadata",
        "rdma has an effect on Lingjun quotas only.",
        "Leave rdma out, or use a quota.",
        _rdma,
        lambda view: view.meta.rdma == 1,
    ),
    Rule(
        "burstable-needs-cloud",
        "ineffective",
        "metadata",
        "resource_burstable needs cloud.computing and cloud.networking to say where instances overflow to.",
        "Write both, or leave resource_burstable out.",
        _burstable,
        lambda view: view.meta.resource_burstable,
    ),
    Rule(
        "burstable-slice",
        "notice",
        "metadata",
        "Slicing does not reach the public group: what overflows there runs on whole instances.",
        "Leave resource_burstable out to keep every instance a slice.",
        _burst_slice,
        lambda view: view.meta.resource_burstable and view.meta.sliced,
    ),
    Rule(
        "batching-needs-processor",
        "ineffective",
        "metadata",
        "rpc.batching and its limits have an effect on processors only.",
        "Leave them out.",
        _batching,
        lambda view: bool(view.service.containers),
    ),
)
