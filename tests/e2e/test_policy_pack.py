"""The policy pack over its real subprocess: what EAS would silently ignore stops the preview."""

from __future__ import annotations

import shutil

import pytest

from tests.e2e.conftest import Make
from tests.e2e.project import ROOT, VENV

pytestmark = pytest.mark.e2e


def test_the_pack_refuses_what_up_only_warns_of(project: Make) -> None:
    """Mandatory by default, advisory by ordinary policy configuration."""
    lab = project()
    shutil.copytree(ROOT / "policies", lab.root / "policies", ignore=shutil.ignore_patterns("__pycache__"))
    manifest = lab.root / "policies" / "PulumiPolicy.yaml"
    manifest.write_text(manifest.read_text().replace("../.venv", str(VENV)))
    lab.service("page", gpu_memory=20)
    assert "eas-slices" in lab.preview("--policy-pack", "policies")
    lab.service("both", gpu=1, gpu_memory=20)
    assert "warning" in lab.preview()
    said = lab.preview("--policy-pack", "policies", ok=False)
    assert "[mandatory]" in said
    assert "services/both.json" in said
    assert not (lab.root / ".eas").exists()
    config = lab.root / "policy.json"
    config.write_text('{"eas-rules": {"whole-card-ignores-slice": "advisory"}}')
    assert "[advisory]" in lab.preview("--policy-pack", "policies", "--policy-pack-config", "policy.json")
