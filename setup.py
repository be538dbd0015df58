"""Where the packages and their data lie; all else is in pyproject.toml.

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
    package_data={
        "": ["__init__.pyi"],
        "hwgen_keras": ["py.typed"],
        "hwgen_keras.characters": ["data/*"],
        "hwgen_keras.evaluation": ["report.html"],
        "hwgen_keras.models": ["data/*"],
        "hwgen_keras.saved_models": MODEL_FILES,
    },
    # Of saved_models/ the models alone, not all that MANIFEST.in names.
    include_package_data=False,
)
