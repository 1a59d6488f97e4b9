"""Benchmarks: figures that are reported and never fail. `make bench`."""
