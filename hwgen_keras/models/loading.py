"""Loading trained models, and rebuilding them under another dtype policy."""

import pathlib
import re

import keras

from hwgen_keras import layers, models
from hwgen_keras.errors import InputError, reason_of
from hwgen_keras.safety import check_keras_file

# What the file is called in a folder that export made, as those of saved_models/.
STORED = "model.keras"


def load_trained(path, expected, flag, file_name=None):
    """Loads a `.keras` file; nothing in it is run.

    Its configuration is looked at before Keras sees it: it may name parts of models,
    those of Keras, of hwgen_keras and those that the program has registered itself.
    Then Keras loads it in its safe mode.

    Args:
        path: the file, or a folder that holds `file_name`, as that of a run, or
            model.keras, as those of saved_models/.
        expected: the class that the model must be of, or a tuple of classes.
        flag: how the user named the file, for the error; may be empty.
        file_name: the file to take from a folder.

    Returns:
        The model, not compiled.

    Raises:
        InputError: there is no such file, it is damaged, made by a newer Keras, names
            code or other modules, or holds another model.

    Example:
        >>> model = hw.Classifier(hw.ImageEncoder(widths=(8, 16)), classes=46)
        >>> model.build()
        >>> model.save("classifier.keras")
        >>> model = hw.load_trained("classifier.keras", hw.Classifier, "--weights")
        >>> model.classes
        46
    """
    path = pathlib.Path(path)
    if path.is_dir() and file_name is not None:
        stored = path / STORED
        path = path / file_name
        if stored.is_file() and not path.is_file():
            path = stored
    name = f"{flag}: {path}" if flag else str(path)
    if not path.is_file():
        where = f"{flag}: there" if flag else "There"
        raise InputError(f"{where} is no file {path}; check the path.")
    # Keras finds the classes of a file among those that are imported.
    for room in (layers, models):
        for public in room.__all__:
            getattr(room, public)
    version = check_keras_file(path, name, keras.saving.get_custom_objects())
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:
        # Nothing narrower: what a constructor makes of a wrong value is not known.
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
        names = [one.__name__ for one in expected]
        raise InputError(
            f"{name} holds a {type(model).__name__}, "
            f"not a {' or '.join(names)}; give the file of the right step."
        )
    return model


def _newer(version):
    """Whether a version of Keras is a later minor release than this one."""
    numbers = [re.findall(r"\d+", text)[:2] for text in (version, keras.__version__)]
    theirs, ours = ([int(number) for number in found] for found in numbers)
    return theirs > ours


def with_policy(model, policy):
    """A copy of a model, weights included, that computes under a dtype policy.

    Args:
        model: a built model of this package.
        policy: name of a dtype policy, such as `"float32"` or `"mixed_bfloat16"`.

    Example:
        >>> model = hw.Classifier(hw.ImageEncoder(widths=(8, 16)), classes=46)
        >>> model.build()
        >>> hw.with_policy(model, "mixed_bfloat16").encoder.dtype_policy.name
        'mixed_bfloat16'
    """
    config = keras.saving.serialize_keras_object(model)
    copy = keras.saving.deserialize_keras_object(_replace_policy(config, policy))
    if not copy.built:
        copy.build()
    copy.set_weights(model.get_weights())
    return copy


def _replace_policy(config, policy):
    # Networks hand their policy on to their layers, so only their own is written.
    if isinstance(config, dict):
        return {
            key: policy if key == "dtype" else _replace_policy(value, policy)
            for key, value in config.items()
        }
    return config
