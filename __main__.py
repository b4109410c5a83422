"""The sample program: every pool and service file that the stack's configuration chooses, as one fleet."""

import asyncio

import pulumi

from components.resources import Fleet


async def main() -> pulumi.Inputs:
    """Declare the fleet; what is returned are the stack's outputs."""
    fleet = Fleet.from_files()
    # Lets the registrations begin before the SDK waits for them: docs/decisions/0006-few-values-few-waits.md.
    await asyncio.sleep(0)
    return {"assignments": fleet.assignments, "endpoints": fleet.endpoints, "status": fleet.status}


pulumi.run(main)
