"""python -m experiments.export --weights=RUN/generator.keras --output=FOLDER

Step 5: exports a trained generator, classifier or CLIP as a float32 SavedModel that
TensorFlow loads alone, with dynamic batch and image size and named inputs; then loads
it again and compares it with the Keras model. A diffusion model is exported with its
whole sampling inside, and once more (serve_steps) with the steps as an input.
"""

import math

from . import common, sampling

FLAGS = ("output",)
EXTRA = {
    "weights": (
        common.flags.DEFINE_string,
        None,
        "The .keras file to export, trained on any backend.",
    ),
    **sampling.EXTRA,
}


def main(options):
    import keras

    from hwgen_keras.errors import InputError
    from hwgen_keras.export import export_saved_model
    from hwgen_keras.models import load_trained

    for flag in ("weights", "output"):
        if getattr(options, flag) is None:
            raise InputError(f"--{flag} is needed.")
    settings = {}
    if any(getattr(options, name) is not None for name in sampling.EXTRA):
        model = load_trained(options.weights, keras.Model, "--weights")
        settings = sampling.settings(options, model)
    path = export_saved_model(options.weights, options.output, **settings)
    difference = compare(options.weights, path, **settings)
    print(f"Saved {path}; it differs from the Keras model by {difference:.1e} at most.")
    return path


def compare(weights, exported, **settings):
    """The largest difference of outputs on random inputs of two sizes.

    Args:
        weights: the `.keras` file.
        exported: the folder made of it.
        settings: of sampling, with which a diffusion model was exported.
    """
    import keras

    from hwgen_keras import samplers
    from hwgen_keras.errors import InputError
    from hwgen_keras.export import load_exported
    from hwgen_keras.models import DiffusionGenerator, load_trained, with_policy

    model = load_trained(weights, keras.Model, "--weights")
    if settings:
        model = model.sampling(**settings)
    model = with_policy(model, "float32")
    serve = load_exported(exported)
    largest = 0.0

    def check(function, network, inputs, **more):
        nonlocal largest
        expected = outputs(network, inputs)
        for name, value in function(**inputs, **more).items():
            difference = float(abs(value.numpy() - expected[name]).max())
            # What is no number is no small difference.
            largest = max(largest, math.inf if math.isnan(difference) else difference)

    for batch, size in ((1, 32), (3, 64)):
        inputs = random_inputs(serve, batch, size)
        check(serve, model, inputs)
    if isinstance(model, DiffusionGenerator):
        steps = model.steps + 1
        log_snrs = samplers.sampling_log_snrs(model.schedule, steps, model.spacing)
        log_snrs = keras.ops.convert_to_numpy(log_snrs)
        with_steps = serve.model.signatures["serve_steps"]
        check(with_steps, model.sampling(steps=steps), inputs, log_snrs=log_snrs)
    if not largest < 1e-4:
        raise InputError(
            f"The exported model differs from the Keras model by {largest:.1e}; "
            f"do not use {exported}."
        )
    return largest


def random_inputs(serve, batch, size):
    """Named arrays as an exported function asks for them."""
    import numpy as np

    rng = np.random.default_rng(size)
    inputs = {}
    for name, spec in serve.structured_input_signature[1].items():
        shape = (batch, size, size, 1)
        if spec.dtype.is_integer:
            shape = (batch, *spec.shape[1:])
            inputs[name] = rng.integers(0, 4, shape).astype("int32")
        elif name == "noise":
            inputs[name] = rng.normal(size=shape).astype("float32")
        else:
            inputs[name] = rng.uniform(-1, 1, shape).astype("float32")
    return inputs


def outputs(model, inputs):
    """What the export of a Keras model should give, named arrays."""
    import keras

    from hwgen_keras.models import Classifier, DiffusionGenerator

    if isinstance(model, Classifier):
        logits = model(inputs["image"], training=False)
        found = {"probabilities": keras.ops.softmax(logits)}
    elif isinstance(model, DiffusionGenerator):
        # Or torch keeps what all steps computed, for gradients.
        model.trainable = False
        found = {"image": keras.ops.clip(model(inputs), -1.0, 1.0)}
    else:
        found = model(inputs)
        if not isinstance(found, dict):
            found = {"image": keras.ops.clip(found, -1.0, 1.0)}
    return {name: keras.ops.convert_to_numpy(value) for name, value in found.items()}


if __name__ == "__main__":
    common.run(main, __doc__, FLAGS, EXTRA)
