"""What Pulumi runs: serves the pack until it is told to end."""

import sys
from pathlib import Path

from pulumi_policy import PolicyPack

# Pulumi runs this file by its path, so that only this folder would be searched.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from components.rules.own import OwnRuleError
from policies.pack import NAME, policies

try:
    pack = policies()
except OwnRuleError as error:
    sys.exit(f"policies/own/{error}")
PolicyPack(NAME, pack)
