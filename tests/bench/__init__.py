"""The benchmark: one run on one machine, as ratios. `python -m tests.bench --help`."""
