"""The real CLI drives programs and policy packs through this repository's language host."""

from __future__ import annotations

import sys

import pytest

from tests.tools.project import RUNTIME, Project

pytestmark = pytest.mark.e2e


@pytest.fixture
def pack(project: Project) -> str:
    """A policy pack, given as a folder, that refuses a size of 2."""
    project.write("pack/PulumiPolicy.yaml", f"{RUNTIME}version: 0.0.1\ndescription: for a test\n")
    project.write(
        "pack/__main__.py",
        "from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy\n"
        "def not_two(args, report):\n"
        "    if args.props.get('size') == 2:\n"
        "        report('two is refused')\n"
        "PolicyPack('pack', [ResourceValidationPolicy(\n"
        "    'not-two', 'sizes', not_two, EnforcementLevel.MANDATORY)])\n",
    )
    return "pack"


def test_a_program_is_previewed_brought_up_and_destroyed(project: Project) -> None:
    assert project.pulumi("preview") == 0, project.output
    assert "2 to create" in project.output
    assert project.pulumi("up", "--yes") == 0, project.output
    assert "the provider makes 1" in project.output
    assert project.pulumi("preview", "--expect-no-changes") == 0, project.output
    assert project.pulumi("destroy", "--yes") == 0, project.output
    assert "2 deleted" in project.output


def test_a_policy_pack_given_as_a_folder_judges_the_preview(project: Project, pack: str) -> None:
    assert project.pulumi("preview", "--policy-pack", pack) == 0, project.output
    assert project.pulumi("config", "set", "tiny:size", "2") == 0
    assert project.pulumi("preview", "--policy-pack", pack) != 0
    assert "two is refused" in project.output


def test_what_a_program_says_when_it_gives_up_is_told_without_a_traceback(project: Project) -> None:
    project.write("__main__.py", "import pulumi\nraise pulumi.RunError('the file is wrong')\n")
    assert project.pulumi("preview") != 0
    assert "error: the file is wrong" in project.output
    assert "Traceback" not in project.output


def test_a_missing_virtual_environment_is_named(project: Project) -> None:
    project.write("Pulumi.yaml", "name: tiny\nruntime: {name: python, options: {virtualenv: nowhere}}\n")
    assert project.pulumi("preview") != 0
    assert str(project.folder / "nowhere") in project.output
    assert "make setup" in project.output


def test_about_names_the_interpreter_and_the_packages(project: Project) -> None:
    assert project.pulumi("about", "--transitive") == 0, project.output
    assert f"{sys.prefix}/bin/python" in project.output
    assert "pydantic" in project.output
