"""What does it cost? `make bench` runs them all (`python -m benchmarks --help`); never part of the tests."""
