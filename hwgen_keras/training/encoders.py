"""CLIP of two trained encoders, and the end of a classifier's training."""

import keras

from hwgen_keras.models import CLIP, SIZES, ImageTower, TextTower
from hwgen_keras.training.optimizers import adam, compile_model

# Of the untrained projection heads, as in the original.
HEAD_LEARNING_RATE = 10


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
