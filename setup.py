"""Where the packages lie; all else is in pyproject.toml.

The scripts are installed as hwgen_keras.experiments: a package `experiments` beside
those of other projects would hide theirs, or be hidden. The trained models are
installed as data in hwgen_keras/saved_models.
"""

import pathlib

from setuptools import find_packages, setup

MODELS = pathlib.Path("saved_models")
# A folder with a description is a model; what else lies there is no part of a package.
MODEL_FILES = [
    file.relative_to(MODELS).as_posix()
    for description in sorted(MODELS.glob("[!.]*/model.json"))
    for file in sorted(description.parent.rglob("*"))
    if file.is_file()
]

setup(
    packages=[
        *find_packages(include=["hwgen_keras*"]),
        *(f"hwgen_keras.{name}" for name in find_packages(include=["experiments*"])),
        *(["hwgen_keras.saved_models"] if MODEL_FILES else []),
    ],
    package_dir={
        "hwgen_keras.experiments": "experiments",
        "hwgen_keras.saved_models": str(MODELS),
    },
    package_data={"hwgen_keras.saved_models": MODEL_FILES},
)
