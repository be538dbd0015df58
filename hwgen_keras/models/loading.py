"""Loading trained models, and rebuilding them under another dtype policy."""

import json
import re
import warnings

import keras

from hwgen_keras import layers, models
from hwgen_keras.errors import InputError, InputWarning, reason_of
from hwgen_keras.files import as_path
from hwgen_keras.safety import check_keras_file
from hwgen_keras.safety.keras_file import STORED


def load_trained(path, expected, flag, file_name=None, image_size=None):
    """Loads a `.keras` file without running code from it.

    First its configuration is checked: it may only name parts of models of Keras, of
    hwgen_keras and those that the program has registered. Then Keras loads it in its
    safe mode.

    Args:
        path: the file, or a folder with `file_name`, such as a run's, or with
            model.keras, such as those of saved_models/.
        expected: the class of the model, or a tuple of classes.
        flag: the flag that named the file, for the error; may be empty.
        file_name: the name of the file in a folder.
        image_size: side in pixels of the images that it is used for; a warning tells
            if its run or its folder records another.

    Returns:
        The model, not compiled.

    Raises:
        InputError: there is no such file, it is damaged, from a newer Keras, names
            code or other modules, or holds another model.

    Example:
        >>> model = hw.Classifier(hw.ImageEncoder(widths=(8, 16)), classes=46)
        >>> model.build()
        >>> model.save("classifier.keras")
        >>> model = hw.load_trained("classifier.keras", hw.Classifier, "--weights")
        >>> model.classes
        46
    """
    path = as_path(path, flag or "The file of the model")
    if path.is_dir() and file_name is not None:
        stored = path / STORED
        path = path / file_name
        if stored.is_file() and not path.is_file():
            path = stored
    name = f"{flag}: {path}" if flag else str(path)
    if not path.is_file():
        where = f"{flag}: there" if flag else "There"
        raise InputError(f"{where} is no file {path}; check the path.")
    # Keras finds the classes of a file only if they are imported.
    for room in (layers, models):
        for public in room.__all__:
            getattr(room, public)
    version = check_keras_file(path, name, keras.saving.get_custom_objects())
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:
        # A wrong value can raise any exception in a constructor.
        if version is not None and _newer(version):
            raise InputError(
                f"{name} was made by a newer Keras ({version}) than this one "
                f"({keras.__version__}), which cannot load it; upgrade with "
                "`pip install --upgrade keras`."
            ) from error
        raise InputError(
            f"{name} cannot be loaded as a model of hwgen_keras ({reason_of(error)})."
        ) from error
    if not isinstance(model, expected):
        expected = expected if isinstance(expected, tuple) else (expected,)
        names = " or ".join(kind.__name__ for kind in expected)
        raise InputError(
            f"{name} holds a {type(model).__name__}, not a {names}; give the file of "
            "such a model."
        )
    if image_size is not None:
        compare_size(path.parent, image_size, name)
    return model


def compare_size(folder, image_size, name):
    """Warns if the folder of a model records another image size than `image_size`."""
    recorded = _recorded_size(folder)
    if recorded not in (None, image_size):
        warnings.warn(
            f"{name} was trained on images of {recorded} pixels and is used with "
            f"{image_size}; give --image_size={recorded}, unless you mean it.",
            InputWarning,
            stacklevel=3,
        )


def _recorded_size(folder):
    """The image size that a run, or a folder of saved_models, records; None if none."""
    for name, keys in (("model.json", ()), ("config.json", ("flags",))):
        try:
            values = json.loads((folder / name).read_text("utf-8"))
            for key in keys:
                values = values[key]
            size = values["image_size"]
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if isinstance(size, int):
            return size
    return None


def load_classifier(path, flag, image_size=None):
    """Loads a `Classifier` of images from its file, or from the folder of its run.

    Args:
        path, flag, image_size: see `load_trained`.

    Raises:
        InputError: see `load_trained`, or it is a text encoder, which reads structures.
    """
    file = "classifier.keras"
    classifier = load_trained(path, models.Classifier, flag, file, image_size)
    if isinstance(classifier.encoder, models.TextEncoder):
        raise InputError(
            f"{flag}: {path} is a text encoder, which reads structures; give a "
            "classifier of images."
        )
    return classifier


def _newer(version):
    """Whether a version of Keras is a later minor release than this one."""
    texts = (re.findall(r"\d+", text)[:2] for text in (version, keras.__version__))
    file_version, own_version = ([int(number) for number in pair] for pair in texts)
    return file_version > own_version


def with_policy(model, policy, copy=True):
    """A copy of a model, with its weights, under another dtype policy.

    Args:
        model: a built model of this package.
        policy: name of a dtype policy, such as `"float32"` or `"mixed_bfloat16"`.
        copy: whether a model that has the policy is copied; False returns it.

    Example:
        >>> model = hw.Classifier(hw.ImageEncoder(widths=(8, 16)), classes=46)
        >>> model.build()
        >>> hw.with_policy(model, "mixed_bfloat16").encoder.dtype_policy.name
        'mixed_bfloat16'
    """
    # Keras imports TensorFlow to make a configuration, whatever the backend.
    parts = model._flatten_layers()
    if not copy and all(part.dtype_policy.name == policy for part in parts):
        return model
    config = keras.saving.serialize_keras_object(model)
    made = keras.saving.deserialize_keras_object(_replace_policy(config, policy))
    layers.ensure_built(made)
    made.set_weights(model.get_weights())
    return made


def _replace_policy(config, policy):
    # Networks pass their policy to their layers, so a configuration has only theirs.
    if isinstance(config, dict):
        return {
            key: policy if key == "dtype" else _replace_policy(value, policy)
            for key, value in config.items()
        }
    return config
