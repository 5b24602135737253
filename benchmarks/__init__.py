"""Benchmarks: each sets the registry beside a floor, the least that any program would have to do.

Ours and the floor take turns in one run on the same machine, so what counts is
the ratio of their rates; the rates themselves say something about the machine.
`scripts/bench` runs them all, ``python -m benchmarks.registering`` runs one.
"""
