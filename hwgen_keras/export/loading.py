"""Loads an exported SavedModel for inference."""

from hwgen_keras.errors import InputError, loading
from hwgen_keras.files import as_path
from hwgen_keras.safety import check_saved_model


def load_exported(path, signature="serve"):
    """Loads one signature of a SavedModel, a function from tensors to tensors.

    It needs TensorFlow but not Keras.

    Args:
        path: a folder written by `export_model`.
        signature: "serve", "serve_characters", or "serve_steps" of a diffusion model.

    Returns:
        A function that takes tensors as keyword arguments, such as `content` and
        `style`, and returns a dict, such as `{"image": ...}`.

    Raises:
        InputError: there is no SavedModel, it is damaged, it holds operations that
            models do not compute with (see `hwgen_keras.safety`), or it lacks the
            signature.

    Example:
        >>> serve = hw.load_exported("exported")  # doctest: +SKIP
        >>> image = serve(content=content, style=style)["image"]  # doctest: +SKIP
    """
    import tensorflow as tf

    path = as_path(path, "The folder of the SavedModel")
    if not (path / "saved_model.pb").is_file():
        raise InputError(f"{path} is not a SavedModel; give a folder made by export.")
    check_saved_model(path)
    with loading(path, "a SavedModel"):
        loaded = tf.saved_model.load(str(path))
    if signature not in loaded.signatures:
        raise InputError(
            f"{path} has no signature {signature!r}; use one of "
            f"{', '.join(repr(name) for name in loaded.signatures)}."
        )
    serve = loaded.signatures[signature]
    # The function alone does not keep the variables of its model alive.
    serve.model = loaded
    return serve
