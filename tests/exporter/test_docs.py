"""docs/metrics.md lists what is exported, and its alerts speak of nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
import yaml

from components.exporter.catalogue import METRICS, Metric
from components.ledger.errors import Conflict

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "metrics.md").read_text()
RULES = yaml.safe_load(PAGE.partition("```yaml\n")[2].partition("```")[0])["groups"][0]["rules"]
FUNCTIONS = {"absent", "time", "sum", "by", "rate", "histogram_quantile", "or"}


def row(metric: Metric) -> str:
    """Return how the page has it."""
    return f"| `{metric.name}` | {metric.kind} | {', '.join(metric.labels) or '-'} | {metric.help} |"


def test_every_metric_is_listed_as_it_is_and_nothing_else() -> None:
    listed = re.findall(r"^\| `eas_.*$", PAGE, re.MULTILINE)
    assert listed == [row(metric) for metric in METRICS]


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_names_follow_the_conventions(metric: Metric) -> None:
    """prometheus.io/docs/practices/naming: base units, and _total on counters alone."""
    assert re.fullmatch(r"eas(_[a-z]+)+", metric.name)
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert not re.search(r"_(mib|mb|gib|ms|percent|milli)(_|$)", metric.name)
    if metric.kind == "histogram":
        assert metric.name.endswith("_seconds")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_speaks_of_metrics_and_labels_that_are_there(rule: dict) -> None:
    known = {metric.name: set(metric.labels) for metric in METRICS}
    known |= {
        f"{metric.name}_bucket": {*metric.labels, "le"} for metric in METRICS if metric.kind == "histogram"
    }
    used = set(re.findall(r"\beas_\w+", rule["expr"]))
    assert used
    assert used <= known.keys()
    labels = {label for name in used for label in known[name]}
    summed = {
        label.strip() for group in re.findall(r"by \(([^)]*)\)", rule["expr"]) for label in group.split(",")
    }
    told = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
    assert summed | told <= labels
    assert not summed or told <= summed, "what is summed away cannot be told"
    words = set(re.findall(r"[a-z_]+", re.sub(r"\[\w+\]|\d+\w*", "", rule["expr"])))
    assert words <= FUNCTIONS | used | summed
    assert re.fullmatch(r"\d+[smh]", rule["for"])


def test_every_reason_of_a_conflict_is_explained() -> None:
    assert all(f"`{reason}` (" in PAGE or f"`{reason}`," in PAGE for reason in get_args(Conflict))


def test_alerts_of_the_main_troubles_are_there() -> None:
    expressions = " ".join(rule["expr"] for rule in RULES)
    for name in (
        "eas_up",
        "eas_waiting_instances",
        "eas_stale_instances",
        "eas_crash_looping_instances",
        "eas_conflicts_total",
    ):
        assert name in expressions
