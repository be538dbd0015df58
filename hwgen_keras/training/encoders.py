"""CLIP made of two trained encoders, and the ends of the encoders' trainings."""

import keras

from hwgen_keras.models import CLIP, SIZES, ImageTower, TextTower
from hwgen_keras.training.optimizers import adam_arguments, compile_model, scheduled

# Of the projection heads, which start from nothing; as in the original.
HEAD_LEARNING_RATE = 10


def clip_of_encoders(settings, encoders):
    """A `CLIP` whose projection heads are new.

    Args:
        settings: of train_clip.
        encoders: {"image": an `ImageEncoder`, "text": a `TextEncoder`}.
    """
    size, policy = SIZES[settings.size], settings.dtype_policy
    heads = {
        "width": size["projection"],
        "dropout": size["projection_dropout"],
        "dtype": policy,
    }
    return CLIP(
        ImageTower(encoders["image"], **heads),
        TextTower(encoders["text"], **heads),
        dtype=policy,
    )


def compile_clip(model, settings, steps, jit):
    """Builds a `CLIP` and compiles it: its new heads learn faster than the encoders.

    Args:
        model: a `CLIP`.
        settings: of train_clip.
        steps: of the whole training.
        jit: whether to compile the step with XLA.
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
    """Saves a classifier, its last metrics, and reports them; returns the path.

    Args:
        run: the `Run`.
        model: the classifier; None: it was saved before.
        name: of its file.
    """
    metrics = run.last_metrics()
    path = run.folder / name if model is None else run.save(model, name)
    run.write_json("metrics.json", metrics)
    print(f"Training accuracy {metrics['accuracy']:.3f}. Saved {path}")
    return path
