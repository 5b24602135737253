"""Faults: the program is hurt on purpose, and what it acknowledged must still be there.

Each module holds one family as plain functions; catalogue.py lists them. pytest
runs them shortly (test_faults.py), `scripts/faults` at full length. What each may
cost stands in docs/faults.md.
"""
