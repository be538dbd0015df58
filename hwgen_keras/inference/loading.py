"""`load`: an inference object of a model, whatever its format."""

import importlib.util
import os

import keras

from hwgen_keras.bundle import (
    DESCRIPTION,
    OF_RUNS,
    find_model,
    find_weights,
    read_bundle,
    read_config,
    recorded_flags,
)
from hwgen_keras.errors import InputError
from hwgen_keras.inference import engines
from hwgen_keras.inference.classifier import LoadedClassifier
from hwgen_keras.inference.clip import LoadedCLIP
from hwgen_keras.inference.facts import resolve_facts
from hwgen_keras.inference.generator import LoadedGenerator
from hwgen_keras.inference.stroke_writer import LoadedWriter
from hwgen_keras.models.loading import STORED
from hwgen_keras.safety.saved_model import GRAPH

ONNX = "model.onnx"
# {format: (class, a file that each folder of the format has)}, in order of preference.
_FORMATS = {
    "keras": (engines.KerasEngine.read, STORED),
    "saved_model": (engines.SavedModelEngine, GRAPH),
    "onnx": (engines.OnnxEngine, ONNX),
}
_OBJECTS = {
    "generator": LoadedGenerator,
    "diffusion": LoadedGenerator,
    "classifier": LoadedClassifier,
    "clip": LoadedCLIP,
    "writer": LoadedWriter,
}


def load(model, *, format=None, characters=None, structures=None, image_size=None):
    """Loads a trained generator, stroke writer, classifier or CLIP for inference.

    No code in a file is run. The files of a folder with a `model.json` are compared
    with its checksums before any of them is opened. `.keras` files need no TensorFlow
    and run on the backend of Keras. A SavedModel needs TensorFlow, an ONNX file
    onnxruntime.

    Args:
        model: the name of a folder, such as one in `saved_models`; the path of a folder
            written by `experiments.export`, of a run, of a `.keras` or `.onnx` file, or
            of a SavedModel; or a built Keras model. Names are searched in the folders
            of the environment variable HWGEN_MODELS, then in `saved_models` of the
            current folder and of the checkout with this package.
        format: "keras", "saved_model" or "onnx", if a folder has several; None: the
            first of these that it has and that is installed.
        characters: those of the classes, in their order: "kana", "etl8", "jis1",
            "japanese", a text file with one a line, a `CharacterSet` or a list; None:
            those that the folder names.
        structures: file of the structures of characters, for `read_structures`; None:
            those that the folder names, or those of the package.
        image_size: side in pixels; None: that of the folder, or 64.

    Returns:
        A `LoadedGenerator`, `LoadedWriter`, `LoadedClassifier` or `LoadedCLIP`.

    Raises:
        InputError: there is no such model, it is damaged, foreign, newer or unsafe,
            does not have the format, or needs what is not installed.

    Example:

    >>> import hwgen_keras
    >>> untrained = hwgen_keras.AdaINGenerator(width=8, multipliers=(1, 2))
    >>> generator = hwgen_keras.load(untrained, image_size=32)
    >>> generator.write("あ", hwgen_keras.PenWriter(seed=1).draw("い", 48)).shape
    (1, 32, 32)
    """
    if format is not None and format not in _FORMATS:
        raise InputError(f"format is {format!r}; use one of {', '.join(_FORMATS)}.")
    known = {"characters": characters, "structures": structures, "size": image_size}
    if isinstance(model, keras.Model):
        if format not in (None, "keras"):
            raise InputError(f"format is {format!r} and the model is one of Keras.")
        engine = engines.KerasEngine(model)
        return _OBJECTS[engine.kind](engine, resolve_facts(**known))
    if not isinstance(model, str | os.PathLike):
        raise InputError(
            f"The model is a {type(model).__name__}; give a name, a path or a Keras "
            "model."
        )
    path, format = _described_folder(find_model(model), format)
    bundle, flags = None, None
    if (path / DESCRIPTION).is_file():
        bundle = read_bundle(path)
        _check_listed(bundle)
        format, file = _choose(path, format)
    elif path.is_dir():
        file = find_weights(path)
        if file is None or format not in (None, "keras"):
            format, file = _choose(path, format)
        flags = _flags(file if file.is_dir() else file.parent)
    else:
        suffix = path.suffix.lower().removeprefix(".")
        if suffix not in ("keras", "onnx") or format not in (None, suffix):
            raise InputError(
                f"{path} is no {format or 'model'} file; give a .keras or .onnx file, "
                "or a folder."
            )
        format, file, flags = suffix, path, _flags(path.parent)
    # What the user gives is checked before the model is read.
    facts = resolve_facts(bundle, flags, **known)
    engine = _FORMATS[format or "keras"][0](file)
    if engine.format != "keras" and bundle is not None:
        engine.describe(bundle)
    if bundle is not None and engine.kind != bundle.kind:
        raise InputError(
            f"{path} is called a {bundle.kind} in its {DESCRIPTION} and holds a "
            f"{engine.kind}; get the model again."
        )
    return _OBJECTS[engine.kind](engine, facts)


def _described_folder(path, format):
    """The folder and format of a file that a description lists; others unchanged."""
    if path.is_file() and (path.parent / DESCRIPTION).is_file():
        if path.name == DESCRIPTION:
            return path.parent, format
        for name, (_, file) in _FORMATS.items():
            if path.name == file and format in (None, name):
                return path.parent, name
    return path, format


def _choose(folder, format):
    """The format to load from a folder, and its file; of a SavedModel the folder."""
    has = [name for name, (_, file) in _FORMATS.items() if (folder / file).is_file()]
    if format is None:
        if not has:
            files = ", ".join([DESCRIPTION, *OF_RUNS, STORED, GRAPH])
            raise InputError(f"{folder} holds no model: no {files} or {ONNX}.")
        format = has[0]
        tensorflow = importlib.util.find_spec("tensorflow") is not None
        if format == "saved_model" and not tensorflow:
            format = has[-1]
    elif format not in has:
        raise InputError(
            f"{folder} has no {format}; it has {', '.join(has) or 'no model'}."
        )
    return format, folder if format == "saved_model" else folder / _FORMATS[format][1]


def _check_listed(bundle):
    """Raises InputError if a file that would be loaded has no checksum."""
    folder = bundle.folder
    loaded = [folder / file for _, file in _FORMATS.values()]
    for part in ("variables", "assets"):
        loaded += sorted((folder / part).rglob("*"))
    for file in loaded:
        if file.is_file() and file.relative_to(folder).as_posix() not in bundle.files:
            raise InputError(
                f"{file} is not in {folder / DESCRIPTION}; get the model again."
            )


def _flags(folder):
    """The flags of the run in a folder; None if it has no valid config.json."""
    try:
        config = read_config(folder)
    except InputError:
        return None
    return config and recorded_flags(folder, config["flags"])
