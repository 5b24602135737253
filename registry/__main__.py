"""`python -m registry` is `uid-registry`."""

from registry.cli import main

main()
