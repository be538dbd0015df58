"""CLIP of two trained encoders, and the end of a classifier's training."""

import keras

from hwgen_keras.models import CLIP, SIZES, ImageTower, TextTower
from hwgen_keras.training.optimizers import adam_arguments, compile_model, scheduled

# Of the untrained projection heads, as in the original.
HEAD_LEARNING_RATE = 10


def clip_of_encoders(settings, encoders):
    """A `CLIP` whose projection heads are new.

    Args:
        settings: of train_clip.
        encoders: {"image": an `ImageEncoder`, "text": a `TextEncoder`}.
    """
    size, policy = SIZES[settings.size], settings.dtype_policy
    head = size["projection"], size["projection_dropout"]
    return CLIP(
        ImageTower(encoders["image"], *head, dtype=policy),
        TextTower(encoders["text"], *head, dtype=policy),
        dtype=policy,
    )


def compile_clip(model, settings, steps, jit):
    """Builds and compiles a `CLIP`, whose heads have a higher rate than its encoders.

    Args:
        model, settings, jit: see `compile_model`.
        steps: of the whole training.
    """
    rates = {"encoders": 1, "heads": HEAD_LEARNING_RATE}
    adams = {
        name: keras.optimizers.Adam(
            scheduled(settings, steps, rate * settings.learning_rate),
            name=name,
            **adam_arguments(settings),
        )
        for name, rate in rates.items()
    }
    parts = {".*projection_head/.*": adams["heads"]}
    optimizer = keras.optimizers.MultiOptimizer(
        keras.optimizers.OptimizerMap(adams["encoders"], parts)
    )
    return compile_model(model, settings, optimizer, jit)


def finish_classifier(run, model, name):
    """Saves a classifier and its last metrics, and reports them; returns the path.

    Args:
        run: the `Run`.
        model: the classifier; None: it is saved already.
        name: of its file.
    """
    path = run.folder / name if model is None else run.save(model, name)
    metrics = run.last_metrics()
    run.write_json("metrics.json", metrics)
    print(f"Training accuracy {metrics['accuracy']:.3f}. Saved {path}")
    return path
