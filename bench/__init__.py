"""Measurements: `make bench`. Never part of the tests: a busy machine is not a bug."""
