"""`load`: an inference object of a model, whatever its format."""

import importlib.util
import logging
import os
import sys

from hwgen_keras import inference
from hwgen_keras.bundle import (
    DESCRIPTION,
    OF_RUNS,
    find_model,
    find_weights,
    read_bundle,
)
from hwgen_keras.errors import InputError
from hwgen_keras.inference import engines
from hwgen_keras.inference.facts import resolve_facts
from hwgen_keras.safety.keras_file import STORED
from hwgen_keras.safety.saved_model import GRAPH

ONNX = "model.onnx"
# {format: a file that each folder of the format has}, in order of preference.
_FORMATS = {"keras": STORED, "saved_model": GRAPH, "onnx": ONNX}
# Of these kinds an export does all that is asked for, or nearly all. It is ready in a
# second, where Keras is imported and traces a graph for many.
_EXPORTED_FIRST = ("classifier", "writer")
_LOG = logging.getLogger("hwgen_keras")
# {kind: the name of its class in this room}, each imported where it is needed.
_OBJECTS = {
    "generator": "LoadedGenerator",
    "diffusion": "LoadedGenerator",
    "classifier": "LoadedClassifier",
    "clip": "LoadedCLIP",
    "writer": "LoadedWriter",
}


def load(model, *, format=None, characters=None, structures=None, image_size=None):
    """Loads a trained generator, stroke writer, classifier or CLIP for inference.

    No code in a file is run. The files of a folder with a `model.json` are compared
    with its checksums before any of them is opened. `.keras` files need no TensorFlow
    and run on the backend of Keras. A SavedModel needs TensorFlow, an ONNX file
    onnxruntime; neither needs Keras.

    The attribute `format` tells which was chosen, as does a line of the logger
    "hwgen_keras" at level INFO. What an exported stroke writer cannot do is done by its
    `.keras` file, if the format was not asked for; the logger tells that, too.

    Args:
        model: the name of a folder, such as one in `saved_models`; the path of a folder
            written by `experiments.export`, of a run, of a `.keras` or `.onnx` file, or
            of a SavedModel; `hf://org/name@revision`, a folder on the Hugging Face
            Hub, which needs the extra `hub`; or a built Keras model. Names are searched
            in the folders of the environment variable HWGEN_MODELS, in `saved_models`
            of the current folder and of the checkout with this package, and among the
            models that were installed with it; `list_models` lists them.
        format: "keras", "saved_model" or "onnx", if a folder has several; None: the
            first of these that it has and that is installed. For a classifier or a
            stroke writer in a folder with a `model.json` ONNX comes first, then a
            SavedModel, unless Keras has another backend than TensorFlow; "keras" lets
            them use a GPU.
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
            does not have the format, needs what is not installed, or cannot be
            downloaded.

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
    # There is no Keras model where nobody imported Keras.
    keras = sys.modules.get("keras")
    if keras is not None and isinstance(model, keras.Model):
        if format not in (None, "keras"):
            raise InputError(f"format is {format!r} and the model is one of Keras.")
        from hwgen_keras.inference.keras_engine import KerasEngine

        engine = KerasEngine(model)
        return _loaded(engine, resolve_facts(**known))
    if not isinstance(model, str | os.PathLike):
        raise InputError(
            f"The model is a {type(model).__name__}; give a name, a path or a Keras "
            "model."
        )
    path, format = _described_folder(find_model(model), format)
    asked = format
    bundle, flags = None, None
    if (path / DESCRIPTION).is_file():
        bundle = read_bundle(path)
        _check_listed(bundle)
        format, file = _choose(path, format, bundle.kind)
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
    engine = _engine(format or "keras", file)
    if engine.format != "keras" and bundle is not None:
        if asked is None and STORED in bundle.files:
            engine.stored = path / STORED
        engine.describe(bundle)
    if bundle is not None and engine.kind != bundle.kind:
        raise InputError(
            f"{path} is called a {bundle.kind} in its {DESCRIPTION} and holds a "
            f"{engine.kind}; get the model again."
        )
    _LOG.info("%s is run as %s.", file, engine.format)
    return _loaded(engine, facts)


def _loaded(engine, facts):
    return getattr(inference, _OBJECTS[engine.kind])(engine, facts)


def _engine(format, file):
    if format == "onnx":
        return engines.OnnxEngine(file)
    if format == "saved_model":
        return engines.SavedModelEngine(file)
    from hwgen_keras.inference.keras_engine import KerasEngine

    return KerasEngine.read(file)


def _described_folder(path, format):
    """The folder and format of a file that a description lists; others unchanged."""
    if path.is_file() and (path.parent / DESCRIPTION).is_file():
        if path.name == DESCRIPTION:
            return path.parent, format
        for name, file in _FORMATS.items():
            if path.name == file and format in (None, name):
                return path.parent, name
    return path, format


def _choose(folder, format, kind=None):
    """The format to load from a folder, and its file; of a SavedModel the folder."""
    has = [name for name, file in _FORMATS.items() if (folder / file).is_file()]
    if format is None:
        if not has:
            files = ", ".join([DESCRIPTION, *OF_RUNS, STORED, GRAPH])
            raise InputError(f"{folder} holds no model: no {files} or {ONNX}.")
        order = _order() if kind in _EXPORTED_FIRST else has
        installed = [name for name in order if name in has and _is_installed(name)]
        format = (installed or has)[0]
    elif format not in has:
        raise InputError(
            f"{folder} has no {format}; it has {', '.join(has) or 'no model'}."
        )
    return format, folder if format == "saved_model" else folder / _FORMATS[format]


def _order():
    """All formats, those that are ready soonest first."""
    keras = sys.modules.get("keras")
    backend = keras and keras.backend.backend() or os.environ.get("KERAS_BACKEND")
    if backend in (None, "", "tensorflow"):
        return ("onnx", "saved_model", "keras")
    # TensorFlow would be one more framework in the process.
    return ("onnx", "keras", "saved_model")


def _is_installed(format):
    needed = {"onnx": "onnxruntime", "saved_model": "tensorflow"}.get(format, "keras")
    return importlib.util.find_spec(needed) is not None


def _check_listed(bundle):
    """Raises InputError if a file that would be loaded has no checksum."""
    folder = bundle.folder
    loaded = [folder / file for file in _FORMATS.values()]
    for part in ("variables", "assets"):
        loaded += sorted((folder / part).rglob("*"))
    for file in loaded:
        if file.is_file() and file.relative_to(folder).as_posix() not in bundle.files:
            raise InputError(
                f"{file} is not in {folder / DESCRIPTION}; get the model again."
            )


def _flags(folder):
    """The flags of the run in a folder; None if it has no valid config.json."""
    from hwgen_keras.bundle import read_config, recorded_flags

    try:
        config = read_config(folder)
    except InputError:
        return None
    return config and recorded_flags(folder, config["flags"])
