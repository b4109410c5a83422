"""Declare GPU slices of EAS services, place them, and keep them running.

The tree is the pipeline, in reading order; an arrow may be imported against, never along::

    spec -> rules -> placement -> ledger | runtimes -> settle -> providers -> resources -> cli

``docs/architecture.md`` has the picture and one paragraph per stage.
"""
