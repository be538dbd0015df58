"""Where the packages lie; all else is in pyproject.toml.

The scripts are installed as hwgen_keras.experiments: a package `experiments` beside
those of other projects would hide theirs, or be hidden.
"""

from setuptools import find_packages, setup

setup(
    packages=[
        *find_packages(include=["hwgen_keras*"]),
        *(f"hwgen_keras.{name}" for name in find_packages(include=["experiments*"])),
    ],
    package_dir={"hwgen_keras.experiments": "experiments"},
)
