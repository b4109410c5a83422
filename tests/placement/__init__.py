"""The planner: small pools built by hand, one behaviour per test."""
