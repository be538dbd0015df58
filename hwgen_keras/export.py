"""From a `.keras` file of any backend to a float32 SavedModel, and back for inference.

Keras exports SavedModels from TensorFlow and JAX, not from PyTorch. So the export runs
in a process of its own on TensorFlow, whatever trained the model.
"""

import json
import os
import pathlib
import subprocess
import sys

from hwgen_keras.errors import InputError
from hwgen_keras.files import complete_file


def export_saved_model(
    path, output, *, sampler=None, steps=None, spacing=None, guidance=None
):
    """Writes a SavedModel with the signature `serve`, a dict of named inputs.

    Batch and image size are dynamic. Images are float32 (batch, height, width, 1) in
    [-1, 1]; labels (batch,) and tokens (batch, length) int32. A generator's output is
    clipped to [-1, 1]; a classifier's are probabilities.

    Of a `DiffusionGenerator` the whole sampling is inside. It takes the standard
    normal `noise`, too, of the shape of `content`; one style image a row. Its second
    signature `serve_steps` also takes `log_snrs`, float32 (steps,) of any length, in
    place of the stored steps; see `samplers.sampling_log_snrs`.

    Args:
        path: a `.keras` file of an `AdaINGenerator`, a `DiffusionGenerator`, a
            `Classifier` of images, or a `CLIP`.
        output: the folder to make.
        sampler, steps, spacing, guidance: of a `DiffusionGenerator`; `None` and scales
            that `guidance` leaves out are as stored.

    Returns:
        The path of the folder.

    Raises:
        InputError: the file cannot be exported, `output` exists, or the settings of
            sampling do not fit the model.

    Example:
        >>> hw.export_saved_model("generator.keras", "exported")  # doctest: +SKIP
    """
    output = pathlib.Path(output)
    if not pathlib.Path(path).is_file():
        raise InputError(f"There is no file {path} to export; check the path.")
    if output.exists():
        raise InputError(f"{output} exists already; choose another folder.")
    sampling = {
        "sampler": sampler,
        "steps": steps,
        "spacing": spacing,
        "guidance": guidance and dict(guidance),
    }
    sampling = {name: value for name, value in sampling.items() if value is not None}
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow"}
    with complete_file(output) as partial:
        command = [sys.executable, "-m", "hwgen_keras.export", str(path), str(partial)]
        command.append(json.dumps(sampling))
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise InputError(f"{path} cannot be exported: {reason}")
    return output


def load_exported(path, signature="serve"):
    """A function of a SavedModel: named tensors → dict of tensors.

    Needs TensorFlow alone.

    Args:
        path: a folder made by export.
        signature: "serve", or of a diffusion model "serve_steps".

    Returns:
        A function of keyword arguments, one tensor each, such as `content` and `style`;
        it returns a dict, such as `{"image": ...}`.

    Raises:
        InputError: there is no SavedModel, or it has no such signature.

    Example:
        >>> serve = hw.load_exported("exported")  # doctest: +SKIP
        >>> image = serve(content=content, style=style)["image"]  # doctest: +SKIP
    """
    import tensorflow as tf

    path = pathlib.Path(path)
    if not (path / "saved_model.pb").is_file():
        raise InputError(f"{path} is not a SavedModel; give a folder made by export.")
    loaded = tf.saved_model.load(str(path))
    if signature not in loaded.signatures:
        raise InputError(
            f"{path} has no signature {signature!r}; use one of "
            f"{', '.join(repr(name) for name in loaded.signatures)}."
        )
    serve = loaded.signatures[signature]
    # The function does not keep the variables of its model alive.
    serve.model = loaded
    return serve


def _write(path, output, sampling="{}"):
    import keras
    import tensorflow as tf

    from hwgen_keras import samplers
    from hwgen_keras.models import (
        CLIP,
        AdaINGenerator,
        Classifier,
        DiffusionGenerator,
        TextEncoder,
        load_trained,
        with_policy,
    )

    model = load_trained(path, keras.Model, "export")
    sampling = json.loads(sampling)
    if isinstance(model, DiffusionGenerator):
        guidance = {**model.guidance, **sampling.get("guidance", {})}
        model = model.sampling(**{**sampling, "guidance": guidance})
    elif sampling:
        raise InputError(
            f"a {type(model).__name__} has no {next(iter(sampling))} to set, only a "
            "diffusion model has"
        )

    # A signature takes its argument names from the specs, not from the dict's keys.
    def image(name="image"):
        return {name: tf.TensorSpec((None, None, None, 1), tf.float32, name)}

    def tokens(encoder):
        return {"tokens": tf.TensorSpec((None, encoder.length), tf.int32, "tokens")}

    more = {}
    if isinstance(model, AdaINGenerator | DiffusionGenerator):
        specs = image("content") | image("style")
        if "label" in model.input_names:
            specs["label"] = tf.TensorSpec((None,), tf.int32, "label")
        if "tokens" in model.input_names:
            specs |= tokens(model.condition.text_tower.encoder)

        def serve(inputs):
            return {"image": tf.clip_by_value(model(inputs), -1.0, 1.0)}

        if isinstance(model, DiffusionGenerator):
            specs |= image("noise")
            steps = tf.TensorSpec((None,), tf.float32, "log_snrs")
            stored = model.steps, model.spacing
            stored = samplers.sampling_log_snrs(model.schedule, *stored).numpy()

            # Both signatures call one function: tracing it takes most of the time.
            @tf.function(input_signature=[specs, steps])
            def sample(inputs, log_snrs):
                return tf.clip_by_value(model(inputs, log_snrs=log_snrs), -1.0, 1.0)

            def serve(inputs):
                return {"image": sample(inputs, tf.constant(stored))}

            def serve_steps(inputs):
                inputs = dict(inputs)
                log_snrs = inputs.pop("log_snrs")
                return {"image": sample(inputs, log_snrs)}

            more["serve_steps"] = serve_steps, specs | {"log_snrs": steps}
    elif isinstance(model, Classifier) and not isinstance(model.encoder, TextEncoder):
        specs = image()

        def serve(inputs):
            logits = model(inputs["image"], training=False)
            return {"probabilities": tf.nn.softmax(logits)}
    elif isinstance(model, CLIP):
        specs = image() | tokens(model.text_tower.encoder)

        def serve(inputs):
            return model(inputs, training=False)
    else:
        raise InputError(f"a {type(model).__name__} has no export")
    model = with_policy(model, "float32")

    archive = keras.export.ExportArchive()
    archive.track(model)
    for name, (function, inputs) in {"serve": (serve, specs), **more}.items():
        archive.add_endpoint(name, function, input_signature=[inputs])
    archive.write_out(output, verbose=False)


if __name__ == "__main__":
    try:
        _write(*sys.argv[1:])
    except InputError as error:
        sys.exit(str(error))
