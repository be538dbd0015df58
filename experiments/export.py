"""python -m experiments.export --weights=RUN/generator.keras --output=FOLDER

Step 5: exports a trained generator, classifier or CLIP as a float32 SavedModel that
TensorFlow loads alone, with dynamic batch and image size and named inputs; then loads
it again and compares it with the Keras model.
"""

from experiments import common

FLAGS = ("output",)
EXTRA = {
    "weights": (
        common.flags.DEFINE_string,
        None,
        "The .keras file to export, trained on any backend.",
    ),
}


def main(options):
    from hwgen_keras.errors import InputError
    from hwgen_keras.export import export_saved_model

    for flag in ("weights", "output"):
        if getattr(options, flag) is None:
            raise InputError(f"--{flag} is needed.")
    path = export_saved_model(options.weights, options.output)
    difference = compare(options.weights, path)
    print(f"Saved {path}; it differs from the Keras model by {difference:.1e} at most.")
    return path


def compare(weights, exported):
    """The largest difference of outputs on random inputs of two sizes."""
    import keras
    import numpy as np

    from hwgen_keras.errors import InputError
    from hwgen_keras.export import load_exported
    from hwgen_keras.models import Classifier, load_trained, with_policy

    model = with_policy(load_trained(weights, keras.Model, "--weights"), "float32")
    serve = load_exported(exported)
    rng = np.random.default_rng(0)
    largest = 0.0
    for batch, size in ((1, 32), (3, 64)):
        inputs = {}
        for name, spec in serve.structured_input_signature[1].items():
            if spec.dtype.is_integer:
                shape = [batch, *spec.shape[1:]]
                inputs[name] = rng.integers(0, 4, shape).astype("int32")
            else:
                shape = (batch, size, size, 1)
                inputs[name] = rng.uniform(-1, 1, shape).astype("float32")
        if isinstance(model, Classifier):
            logits = model(inputs["image"], training=False)
            expected = {"probabilities": keras.ops.softmax(logits)}
        else:
            expected = model(inputs)
            if not isinstance(expected, dict):
                expected = {"image": keras.ops.clip(expected, -1.0, 1.0)}
        for name, value in serve(**inputs).items():
            wanted = keras.ops.convert_to_numpy(expected[name])
            largest = max(largest, float(np.abs(value - wanted).max()))
    if not largest < 1e-4:
        raise InputError(
            f"The exported model differs from the Keras model by {largest:.1e}; "
            f"do not use {exported}."
        )
    return largest


if __name__ == "__main__":
    common.run(main, __doc__, FLAGS, EXTRA)
