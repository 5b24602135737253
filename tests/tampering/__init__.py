"""Tampering: history is changed with SQL, past every trigger, and verifying must tell.

scene.py is the registry that is tampered with, changes.py lists what is done to it, forging.py is
the forger who has our program, judging.py holds what verifying says against what docs/tampering.md
promises. pytest changes one row of each table (test_tampering.py), `scripts/tampering` each row.
"""
