"""python -m experiments.train_image_encoder --fonts=FONTS --handwriting=MANIFEST

Step 1a: trains the image encoder of CLIP as a classifier of characters, on glyphs of
fonts, on handwriting, or on both. Writes image_encoder.keras into the run folder.
"""

from .flags import common
from .flags.vocabulary import TRAINING

FLAGS = (
    *("fonts", "handwriting", "simulated_writers", "characters"),
    *("skip_unknown_characters", "writer_pattern", "augment"),
    *("image_size", "cache", *TRAINING),
)
DEFAULTS = {
    "tiny": {
        "image_size": 32,
        "batch_size": 32,
        "steps": 200,
        "learning_rate": 2e-3,
        "schedule": "cosine",
    },
    "small": {
        "image_size": 64,
        "batch_size": 64,
        "steps": 2000,
        "learning_rate": 1e-3,
        "schedule": "cosine",
    },
    "base": {
        "image_size": 224,
        "batch_size": 256,
        "learning_rate": 1e-4,
        "schedule": "constant",
    },
}
BASE_EPOCHS = 300


def main(options):
    from hwgen_keras.inputs import loading as inputs
    from hwgen_keras.models import SIZES, Classifier, ImageEncoder
    from hwgen_keras.training import run as training
    from hwgen_keras.training.devices import distributed
    from hwgen_keras.training.plateau import plateau
    from hwgen_keras.training.recipes import (
        augmented_sampler,
        check_schedule,
        classifier_feed,
        compiled,
    )

    common.complete(options, DEFAULTS)
    common.check_positive(options, "image_size", "batch_size", "steps", "learning_rate")
    check_schedule(options)
    with training.Run("train_image_encoder", options) as run, distributed(run):
        jit = common.set_up(options)

        store = inputs.load_store(options)
        sampler = augmented_sampler(options, store)
        if options.steps is None:
            options.steps = BASE_EPOCHS * len(store) // options.batch_size

        policy = options.dtype_policy
        encoder = ImageEncoder(**SIZES[options.size]["image_encoder"], dtype=policy)
        model = compiled(
            Classifier(encoder, len(store.characters), dtype=policy),
            options,
            jit,
        )
        training.fit(
            run,
            model,
            classifier_feed(options, store, sampler),
            extra=plateau(options, len(store)),
        )

        path = run.save(model, "image_encoder.keras")
        history = training.read_history(run)
        run.write_json("metrics.json", {k: v[-1] for k, v in history.items()})
        print(f"Training accuracy {history['accuracy'][-1]:.3f}. Saved {path}")
        return path


if __name__ == "__main__":
    common.run(main, __doc__, FLAGS)
