"""What `uid-registry audit` hands out, verified by a program that knows nothing of it."""
