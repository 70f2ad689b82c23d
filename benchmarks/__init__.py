"""Ratios against a rival in the same run: `python -m benchmarks`. No test depends on these times."""
