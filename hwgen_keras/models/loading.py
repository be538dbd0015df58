"""Loading trained models, and rebuilding them under another dtype policy."""

import pathlib
import zipfile

import keras

from hwgen_keras.errors import InputError


def load_trained(path, expected, flag, file_name=None):
    """Loads a `.keras` file, in Keras's safe mode.

    Args:
        path: the file, or the folder of a run that holds `file_name`.
        expected: the class that the model must be of, or a tuple of classes.
        flag: how the user named the file, for the error.
        file_name: the file to take from a folder.

    Returns:
        The model, not compiled.

    Raises:
        InputError: there is no such file, it is damaged, or holds another model.

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
        path = path / file_name
    if not path.is_file():
        raise InputError(f"{flag}: there is no file {path}; check the path.")
    if not zipfile.is_zipfile(path):
        raise InputError(
            f"{flag}: {path} is not a complete .keras file; it may be cut short."
        )
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except (ValueError, TypeError, KeyError, OSError) as error:
        reason = str(error).strip().splitlines()
        raise InputError(
            f"{flag}: {path} cannot be loaded as a model of hwgen_keras "
            f"({reason[0] if reason else type(error).__name__})."
        ) from error
    if not isinstance(model, expected):
        expected = expected if isinstance(expected, tuple) else (expected,)
        names = [one.__name__ for one in expected]
        raise InputError(
            f"{flag}: {path} holds a {type(model).__name__}, "
            f"not a {' or '.join(names)}; give the file of the right step."
        )
    return model


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
