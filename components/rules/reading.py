"""Rules of single fields. The readers in ``spec`` find these faults; here they have level, words and fix."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from components.rules.rule import Complaint, Rule


def _read(_view: Any) -> Iterable[Complaint]:
    """Find nothing: what these rules refuse never becomes a service or a pool."""
    return ()


READING: tuple[Rule[Any], ...] = (
    Rule(
        "readable",
        "invalid",
        "reading",
        "A file is UTF-8 JSON or YAML without broken syntax, and is there.",
        "Mend the syntax at the line and column given.",
        _read,
    ),
    Rule(
        "finite-number",
        "invalid",
        "reading",
        "A number is finite: JSON knows no NaN and no Infinity.",
        "Write a number.",
        _read,
    ),
    Rule(
        "key-once",
        "invalid",
        "reading",
        "A key is written once; dotted and nested spellings are one key.",
        "Delete one of the two.",
        _read,
    ),
    Rule(
        "field-type",
        "invalid",
        "reading",
        "Each field has its documented type; nothing is converted silently.",
        "Write the type that the message names.",
        _read,
    ),
    Rule(
        "field-missing",
        "invalid",
        "reading",
        "A field that a block cannot do without is there.",
        "Write it.",
        _read,
    ),
    Rule(
        "whole-number",
        "invalid",
        "reading",
        "Counts and sizes are whole numbers, without quotes and without a unit (20.0 counts as 20).",
        "Write the number alone; the message names the unit that the field counts.",
        _read,
    ),
    Rule(
        "in-range",
        "invalid",
        "reading",
        "A number is within what its field can mean; none is negative.",
        "Write a number within the range that the message names.",
        _read,
    ),
    Rule(
        "percentage-1-100",
        "invalid",
        "reading",
        "gpu_core_percentage is 1 to 100 percent of one card's compute.",
        "Write 1 to 100, or leave the field out to ask for no share.",
        _read,
    ),
    Rule(
        "known-value",
        "invalid",
        "reading",
        "A field with a fixed set of values has one of them.",
        "Write one of the values that the message lists.",
        _read,
    ),
    Rule(
        "misspelt-key",
        "ineffective",
        "reading",
        "No key is a near miss of one that EAS documents, or stands where EAS does not read it.",
        "Write the key that the message names, where it says.",
        _read,
    ),
    Rule(
        "unknown-key",
        "notice",
        "reading",
        "Every key is one that this project knows; others are kept and handed on as they stand.",
        "Check its spelling in EAS's own documentation.",
        _read,
    ),
    Rule(
        "quota-figure",
        "invalid",
        "reading",
        "A quota of a pool limits cards, memory_gib or compute, and nothing else.",
        "Write one of these figures.",
        _read,
    ),
    Rule(
        "autoscaler-camel-case",
        "ineffective",
        "reading",
        "Keys of the autoscaler are camelCase: EAS silently ignores snake_case ones.",
        "Write the key in camelCase.",
        _read,
    ),
    Rule(
        "override-known",
        "invalid",
        "reading",
        "An override is for a declared service, and sets image, instance, resource or a field of metadata.",
        "Correct the name in the stack's file, or delete the override.",
        _read,
    ),
    Rule(
        "known-instance-type",
        "invalid",
        "reading",
        "A node's instance type is in the catalogue, or the node is spelled out.",
        "Correct the type, or give cpu, memory (MB) and gpus, each with model and memory_mib.",
        _read,
    ),
    Rule(
        "pool-exists",
        "invalid",
        "reading",
        "The resource or quota that a service names is a pool's id, alias or name.",
        "Correct the id, or add it to the pool file (resource or aliases).",
        _read,
    ),
    Rule(
        "pool-chosen",
        "invalid",
        "reading",
        "A service without a resource runs in the only pool, or in the one that is the default.",
        "Write metadata.resource, or default: true in one pool.",
        _read,
    ),
    Rule(
        "service-once",
        "invalid",
        "reading",
        "A service is declared by one file.",
        "Give one of the two another name, or delete one file.",
        _read,
    ),
    Rule(
        "pool-once",
        "invalid",
        "reading",
        "No two pools share a name or a resource id.",
        "Give each pool its own.",
        _read,
    ),
    Rule(
        "pool-referenced",
        "invalid",
        "reading",
        "A pool that is only named stands in the stack's ledger, declared by another stack.",
        "Correct the name, apply the stack that declares the pool first, or point eas:ledger at its ledger.",
        _read,
    ),
    Rule(
        "reference-says-no-nodes",
        "ineffective",
        "reading",
        "Nodes, resource and runtime of a pool with reference: true stand with the stack that declares it.",
        "Delete them here, or delete reference where this stack is to declare the pool.",
        _read,
    ),
    Rule(
        "card-once",
        "invalid",
        "reading",
        "A card, by its UUID, is declared once in all pools: else it would be given away twice.",
        "Declare it once; other ids that reach the same nodes go under aliases.",
        _read,
    ),
)
