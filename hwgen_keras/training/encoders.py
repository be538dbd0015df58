"""New image encoders, CLIP of two encoders, and the end of a classifier's training."""

import keras

from hwgen_keras.files import sha256_of
from hwgen_keras.models import (
    CLIP,
    SIZES,
    ImageEncoder,
    ImageTower,
    TextTower,
    architecture_of_file,
    download_imagenet,
    load_imagenet,
)
from hwgen_keras.training.optimizers import adam, compile_model
from hwgen_keras.training.settings import IMAGENET

# Of the untrained projection heads, as in the original.
HEAD_LEARNING_RATE = 10


def image_encoder(run, part, widths=()):
    """A new `ImageEncoder`, with `--initial_weights` unless the run is resumed.

    Args:
        run: the `Run` of a script with `InitialWeights`; config.json gets a note of the
            weights.
        part: its name in `SIZES`: `"image_encoder"` or `"classifier"`.
        widths: channels at each resolution in place of those of the size, if there are
            any.

    Raises:
        InputError: the weights cannot be loaded, or are those of another network.
    """
    settings = run.settings
    size, weights = SIZES[settings.size][part], settings.initial_weights
    if weights is None:
        if widths:
            size = {"widths": widths}
        return ImageEncoder(**size, dtype=settings.dtype_policy)
    architecture = architecture_of_file(size["architecture"], weights)
    encoder = ImageEncoder(architecture, dtype=settings.dtype_policy)
    if not run.started:
        if weights == IMAGENET:
            weights = download_imagenet(architecture)
        load_imagenet(encoder, weights)
        note = {"file": str(weights), "sha256": sha256_of(weights)}
        run.note(initial_weights={**note, "architecture": architecture})
        print(f"The encoder begins with {weights}.", flush=True)
    return encoder


def clip_of_encoders(settings, encoders):
    """A `CLIP` of trained `encoders`, {"image": …, "text": …}, with new heads."""
    size, policy = SIZES[settings.size], settings.dtype_policy
    head = size["projection"], size["projection_dropout"]
    return CLIP(
        ImageTower(encoders["image"], *head, dtype=policy),
        TextTower(encoders["text"], *head, dtype=policy),
        dtype=policy,
    )


def compile_clip(model, settings, steps, jit):
    """Builds and compiles a `CLIP`; its heads have a higher rate than its encoders."""
    encoders = adam(settings, steps, name="encoders")
    rate = HEAD_LEARNING_RATE * settings.learning_rate
    heads = adam(settings, steps, rate, name="heads")
    parts = keras.optimizers.OptimizerMap(encoders, {".*projection_head/.*": heads})
    optimizer = keras.optimizers.MultiOptimizer(parts)
    return compile_model(model, settings, optimizer, jit)


def finish_classifier(run, model, name):
    """Saves a classifier, unless it is None, and its metrics; returns the path."""
    path = run.folder / name if model is None else run.save(model, name)
    metrics = run.last_metrics()
    run.write_json("metrics.json", metrics)
    print(f"Training accuracy {metrics['accuracy']:.3f}. Saved {path}")
    return path
