"""The steps of the recipe, one script each: `python -m experiments.NAME --help`."""
