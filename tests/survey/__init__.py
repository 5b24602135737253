"""No wolf: what the rules say of every real file at hand, and why each error is right.

``scripts/survey FOLDER`` runs it and writes docs/real-files.md.
"""
