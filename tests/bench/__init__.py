"""Measurements beside what a user would otherwise run: ``python -m tests.bench WHAT``."""
