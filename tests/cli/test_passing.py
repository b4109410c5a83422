"""What Pulumi prints without a terminal, each line of ours once."""

from __future__ import annotations

from components.cli.base.passing import once

PREVIEW = """\
Previewing update (dev):

    pulumi:pulumi:Stack eas-slices-dev running 
 +  pulumi-python:dynamic/eas:EasService summarize create 
    pulumi:pulumi:Stack eas-slices-dev running instance     from  to        how    reason
    pulumi:pulumi:Stack eas-slices-dev running summarize/0  -     a100-0/3  start  new
    pulumi:pulumi:Stack eas-slices-dev running 12 unchanged
 ~  pulumi-python:dynamic/eas:Placement fleet update [diff: ~assignments]
    pulumi:pulumi:Stack eas-slices-dev  1 warning; 4 messages
Diagnostics:
  pulumi:pulumi:Stack (eas-slices-dev):
    instance     from  to        how    reason
    summarize/0  -     a100-0/3  start  new
    12 unchanged

Resources:
    + 1 to create
"""  # noqa: W291 - as Pulumi prints it

FAILED = """\
 +  pulumi:pulumi:Stack eas-slices-dev creating (2s) dies/0 starting on a100-0/2
 +  pulumi:pulumi:Stack eas-slices-dev creating (4s) error: update failed
 +  pulumi:pulumi:Stack eas-slices-dev **creating failed** (4s) 1 error; 2 messages
Diagnostics:
  pulumi-python:dynamic/eas:Placement (fleet):
    error: PlacementFailed: 1 failed.
    dies/0 starting on a100-0/2

  pulumi:pulumi:Stack (eas-slices-dev):
    dies/0 starting on a100-0/2

    error: update failed

"""


def passed(text: str) -> str:
    return "".join(once(text.splitlines(keepends=True)))


def test_a_table_is_printed_once_where_it_came_and_without_the_stacks_name() -> None:
    assert passed(PREVIEW) == (
        "Previewing update (dev):\n\n"
        "    pulumi:pulumi:Stack eas-slices-dev running \n"
        " +  pulumi-python:dynamic/eas:EasService summarize create \n"
        "    instance     from  to        how    reason\n"
        "    summarize/0  -     a100-0/3  start  new\n"
        "    12 unchanged\n"
        " ~  pulumi-python:dynamic/eas:Placement fleet update [diff: ~assignments]\n"
        "\nResources:\n    + 1 to create\n"
    )


def test_errors_and_what_other_resources_say_stay() -> None:
    assert passed(FAILED) == (
        "    dies/0 starting on a100-0/2\n"
        "    error: update failed\n"
        "    1 error; 2 messages\n"
        "Diagnostics:\n"
        "  pulumi-python:dynamic/eas:Placement (fleet):\n"
        "    error: PlacementFailed: 1 failed.\n"
        "    dies/0 starting on a100-0/2\n\n"
        "  pulumi:pulumi:Stack (eas-slices-dev):\n"
        "    error: update failed\n\n"
    )


def test_what_looks_otherwise_passes_through() -> None:
    text = "Diagnostics: none\n  indented\npulumi says up\nno end"
    assert passed(text) == text


def test_lines_come_as_they_are_said() -> None:
    lines = iter(once(iter(["one\n", "two\n"])))
    assert next(lines) == "one\n"
