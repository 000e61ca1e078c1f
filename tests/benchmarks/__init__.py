"""How fast it is, side by side with others: `python -m tests.benchmarks` prints the tables."""
