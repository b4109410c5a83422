"""On PYTHONPATH of all processes that tests start, so that Python reads ``sitecustomize`` there."""
