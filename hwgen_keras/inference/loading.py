"""`load`: one inference object of a model, whatever its format."""

import importlib.util
import os

from hwgen_keras.bundle import (
    DESCRIPTION,
    OF_RUNS,
    find_model,
    find_weights,
    read_bundle,
    read_config,
)
from hwgen_keras.errors import InputError
from hwgen_keras.inference import engines
from hwgen_keras.inference.classifier import LoadedClassifier
from hwgen_keras.inference.clip import LoadedCLIP
from hwgen_keras.inference.facts import resolve_facts
from hwgen_keras.inference.generator import LoadedGenerator
from hwgen_keras.models.loading import STORED
from hwgen_keras.safety.saved_model import GRAPH

ONNX = "model.onnx"
# {format: (class, the file that shows that a folder has it)}, the best one first.
_FORMATS = {
    "keras": (engines.KerasEngine, STORED),
    "saved_model": (engines.SavedModelEngine, GRAPH),
    "onnx": (engines.OnnxEngine, ONNX),
}
_OBJECTS = {
    "generator": LoadedGenerator,
    "diffusion": LoadedGenerator,
    "classifier": LoadedClassifier,
    "clip": LoadedCLIP,
}


def load(model, *, format=None, characters=None, structures=None, image_size=None):
    """Loads a trained generator, classifier or CLIP to use it.

    Nothing in a file is run. A folder with a `model.json` is compared with its
    checksums before anything of it is opened. `.keras` files compute on whatever
    backend Keras has, and need no TensorFlow; a SavedModel needs it, an ONNX file
    needs onnxruntime.

    Args:
        model: a name, such as of a folder in `saved_models`; the path of a folder
            made by `experiments.export`, of the folder of a run, of a `.keras` or
            `.onnx` file, or of a SavedModel; or a built Keras model. Names are looked
            for in the folders of the environment variable HWGEN_MODELS, then in
            `saved_models` of the current folder and of the checkout with this package.
        format: "keras", "saved_model" or "onnx", of what a folder has; None: the first
            of these that it has and that is installed.
        characters: of the classes, in their order: "kana", "etl8", "jis1", a text
            file with one a line, a `CharacterSet` or a list; None: as the folder
            tells.
        structures: file of the structures of characters, for `read_structures`; None:
            as the folder tells, or those of the package.
        image_size: side in pixels; None: as the folder tells, or 64.

    Returns:
        A `LoadedGenerator`, a `LoadedClassifier` or a `LoadedCLIP`.

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
    given = {"characters": characters, "structures": structures, "size": image_size}
    if engines.is_model(model):
        if format not in (None, "keras"):
            raise InputError(f"format is {format!r} and the model is one of Keras.")
        return _made(engines.KerasEngine(model), resolve_facts(**given))
    if not isinstance(model, str | os.PathLike):
        raise InputError(
            f"The model is a {type(model).__name__}; give a name, a path or a Keras "
            "model."
        )
    path, format = _described(find_model(model), format)
    bundle, flags = None, None
    if (path / DESCRIPTION).is_file():
        bundle = read_bundle(path)
        _check_listed(bundle)
        kind, file = _choose(path, format)
    elif path.is_dir():
        weights = find_weights(path)
        kind, file = "keras", weights
        if weights is None or format not in (None, "keras"):
            kind, file = _choose(path, format)
        flags = _flags(file if file.is_dir() else file.parent)
    else:
        kind = {".keras": "keras", ".onnx": "onnx"}.get(path.suffix.lower())
        if kind is None or format not in (None, kind):
            wanted = format or "model"
            raise InputError(
                f"{path} is no {wanted} file; give a .keras or .onnx file, or a folder."
            )
        file, flags = path, _flags(path.parent)
    facts = resolve_facts(bundle, flags, **given)
    engine = engines.KerasEngine.read if kind == "keras" else _FORMATS[kind][0]
    engine = engine(file)
    if kind != "keras" and bundle is not None and bundle.condition:
        # Two conditions may have inputs of the same name.
        engine.condition = engines.find_condition(
            engine.input_names, engine.name, bundle.condition
        )
    made = _made(engine, facts)
    if bundle is not None and made.kind != bundle.kind:
        raise InputError(
            f"{path} is called a {bundle.kind} in its {DESCRIPTION} and holds a "
            f"{made.kind}; get the model again."
        )
    return made


def _described(path, format):
    """The folder of a file that lies in one with a description, and its format."""
    if path.is_file() and (path.parent / DESCRIPTION).is_file():
        if path.name == DESCRIPTION:
            return path.parent, format
        for name, (_, file) in _FORMATS.items():
            if path.name == file and format in (None, name):
                return path.parent, name
    return path, format


def _made(engine, facts):
    return _OBJECTS[engine.kind](engine, facts)


def _choose(folder, format):
    """The format to take of a folder, and its file or folder."""
    has = [name for name, (_, file) in _FORMATS.items() if (folder / file).is_file()]
    if format is not None:
        if format not in has:
            raise InputError(
                f"{folder} has no {format}; it has {', '.join(has) or 'no model'}."
            )
        chosen = format
    elif not has:
        files = ", ".join([DESCRIPTION, *OF_RUNS, STORED, GRAPH])
        raise InputError(f"{folder} holds no model: no {files} or {ONNX}.")
    else:
        able = [name for name in has if name != "saved_model" or _has("tensorflow")]
        chosen = (able or has)[0]
    return chosen, folder if chosen == "saved_model" else folder / _FORMATS[chosen][1]


def _check_listed(bundle):
    """Raises InputError if a file that would be loaded is not one with a checksum."""
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
    """The flags of the run in a folder; None where its config.json is of no run."""
    try:
        config = read_config(folder)
    except InputError:
        return None
    return config and config["flags"]


def _has(package):
    return importlib.util.find_spec(package) is not None
