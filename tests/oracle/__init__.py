"""The registry beside dcentvfy and dciodvfy: the same files, what each of them says, and why they differ.

``scripts/oracle`` runs all of it and writes docs/oracle.md; tests/test_oracle.py runs a part.
"""
