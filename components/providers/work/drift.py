"""What ``pulumi refresh`` finds: the observed assignments, in the form of the planned ones."""

from __future__ import annotations

from collections.abc import Mapping

from components.providers.work import session
from components.providers.work.inputs import PlacementInput
from components.settle.observe import observe_owner


def drifted(given: PlacementInput, assignments: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Observe this owner's instances, record what differs, and return ``assignments`` as they are seen.

    A healthy instance reads as planned, so that an unharmed fleet shows no drift; another one reads as what is the
    matter, so that its repair is an ordinary diff.
    """
    current = session.session()
    ledger = current.writing()
    findings = observe_owner(
        ledger, current.runtime, given.owner, now=session.now(), because="Placement refresh"
    )
    seen = {service: dict(places) for service, places in assignments.items()}
    for finding in findings:
        places = seen.setdefault(finding.service, {})
        was = places.get(str(finding.ordinal), "")
        places[str(finding.ordinal)] = f"{finding.matter} (was {was})" if was else finding.matter
    return seen
