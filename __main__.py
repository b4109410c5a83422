"""The sample program: every pool and service file that the stack's configuration chooses, as one fleet."""

import pulumi

from components.resources import Fleet

fleet = Fleet.from_files()

pulumi.export("assignments", fleet.assignments)
pulumi.export("endpoints", fleet.endpoints)
pulumi.export("status", fleet.status)
