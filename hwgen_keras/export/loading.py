"""An exported SavedModel, back for inference."""

import pathlib

from hwgen_keras.errors import InputError, reason_of
from hwgen_keras.safety import check_saved_model


def load_exported(path, signature="serve"):
    """A function of a SavedModel: named tensors → dict of tensors.

    Needs TensorFlow alone.

    Args:
        path: a folder made by export.
        signature: "serve", "serve_characters", or of a diffusion model "serve_steps".

    Returns:
        A function of keyword arguments, one tensor each, such as `content` and `style`;
        it returns a dict, such as `{"image": ...}`.

    Raises:
        InputError: there is no SavedModel, it is damaged, it holds other operations
            than models compute with (see `hwgen_keras.safety`), or it has no such
            signature.

    Example:
        >>> serve = hw.load_exported("exported")  # doctest: +SKIP
        >>> image = serve(content=content, style=style)["image"]  # doctest: +SKIP
    """
    import tensorflow as tf

    path = pathlib.Path(path)
    if not (path / "saved_model.pb").is_file():
        raise InputError(f"{path} is not a SavedModel; give a folder made by export.")
    check_saved_model(path)
    try:
        loaded = tf.saved_model.load(str(path))
    except Exception as error:
        # Nothing narrower: damage shows in many ways, in several libraries.
        raise InputError(
            f"{path} cannot be loaded as a SavedModel ({reason_of(error)}); get it "
            "again."
        ) from error
    if signature not in loaded.signatures:
        raise InputError(
            f"{path} has no signature {signature!r}; use one of "
            f"{', '.join(repr(name) for name in loaded.signatures)}."
        )
    serve = loaded.signatures[signature]
    # The function does not keep the variables of its model alive.
    serve.model = loaded
    return serve
