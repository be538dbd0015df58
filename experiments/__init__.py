"""One script a step; run them as `python -m experiments.NAME`."""
