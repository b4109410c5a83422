"""Keeps what was committed true between two ``up``: the same plan, commit and carrying out, as each owner, without Pulumi.

It restarts what died, moves what sits on lost or draining nodes, a few at a time, and gives waiting instances their place
when space frees. It works towards the committed plan, never towards a declaration that no plan has taken up.
"""

from components.reconcile.owner import Means
from components.reconcile.pools import Watchman, watch
from components.reconcile.report import Report

__all__ = ["Means", "Report", "Watchman", "watch"]
