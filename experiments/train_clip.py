"""python -m experiments.train_clip --fonts=FONTS --image_weights=RUN --text_weights=RUN

Step 1c: trains CLIP, which brings images of characters and their structures into one
space, from the two encoders of the steps before. Writes clip.keras into the run folder.
"""

from .flags import common
from .flags.vocabulary import TRAINING

FLAGS = (
    *("image_weights", "text_weights"),
    *("fonts", "handwriting", "simulated_writers", "characters"),
    *("skip_unknown_characters", "writer_pattern", "structure_file", "augment"),
    *("image_size", "cache", *TRAINING),
)
DEFAULTS = {
    "tiny": {
        "image_size": 32,
        "batch_size": 32,
        "steps": 200,
        "learning_rate": 5e-4,
        "schedule": "cosine",
    },
    "small": {
        "image_size": 64,
        "batch_size": 32,
        "steps": 2000,
        "learning_rate": 2e-4,
        "schedule": "cosine",
    },
    "base": {
        "image_size": 224,
        "batch_size": 32,
        "learning_rate": 1e-4,
        "schedule": "plateau",
    },
}
BASE_EPOCHS = 300
# Of the projection heads, which start from nothing; as in the original.
HEAD_LEARNING_RATE = 10


def main(options):
    import keras

    from hwgen_keras.errors import InputError
    from hwgen_keras.inputs import loading as inputs
    from hwgen_keras.models import (
        CLIP,
        SIZES,
        Classifier,
        ImageTower,
        TextTower,
        load_trained,
        with_policy,
    )
    from hwgen_keras.training import run as training
    from hwgen_keras.training.devices import distributed
    from hwgen_keras.training.plateau import plateau
    from hwgen_keras.training.recipes import (
        adam_arguments,
        augmented_sampler,
        check_schedule,
        clip_feed,
        retrieval_accuracy,
        scheduled,
    )

    common.complete(options, DEFAULTS)
    common.check_positive(options, "image_size", "batch_size", "steps", "learning_rate")
    check_schedule(options)
    for flag in ("image_weights", "text_weights"):
        if getattr(options, flag) is None:
            raise InputError(f"--{flag} is needed: the file of the step before.")
    with training.Run("train_clip", options) as run, distributed(run):
        jit = common.set_up(options)

        encoders = {}
        for kind in ("image", "text"):
            trained = load_trained(
                getattr(options, f"{kind}_weights"),
                Classifier,
                f"--{kind}_weights",
                f"{kind}_encoder.keras",
            )
            encoders[kind] = with_policy(trained.encoder, options.dtype_policy)
        store = inputs.load_store(options)
        tokenizer = inputs.load_tokenizer(options, store.characters)
        if (
            getattr(encoders["text"], "vocabulary_size", None)
            != tokenizer.vocabulary_size
        ):
            raise InputError(
                "--text_weights: the encoder was trained with another structure file; "
                "give the same --structure_file."
            )
        sampler = augmented_sampler(options, store, tokenizer)
        if options.steps is None:
            options.steps = BASE_EPOCHS * len(store) // options.batch_size

        size, policy = SIZES[options.size], options.dtype_policy
        heads = {
            "width": size["projection"],
            "dropout": size["projection_dropout"],
            "dtype": policy,
        }
        model = CLIP(
            ImageTower(encoders["image"], **heads),
            TextTower(encoders["text"], **heads),
            dtype=policy,
        )
        model.build()
        head_adam = keras.optimizers.Adam(
            scheduled(options, HEAD_LEARNING_RATE * options.learning_rate),
            name="heads",
            **adam_arguments(options),
        )
        encoder_adam = keras.optimizers.Adam(
            scheduled(options), name="encoders", **adam_arguments(options)
        )
        model.compile(
            optimizer=keras.optimizers.MultiOptimizer(
                keras.optimizers.OptimizerMap(
                    encoder_adam, {".*projection_head/.*": head_adam}
                )
            ),
            jit_compile=jit,
            steps_per_execution=options.steps_per_execution,
        )
        training.fit(
            run,
            model,
            clip_feed(options, store, sampler),
            extra=plateau(options, len(store)),
        )

        path = run.save(model, "clip.keras")
        accuracy = retrieval_accuracy(model, store, tokenizer)
        run.write_json("metrics.json", {"retrieval_accuracy": accuracy})
        print(
            f"Of {min(1000, len(store))} training images, {100 * accuracy:.1f} % lie "
            f"nearest to their own structure. Saved {path}"
        )
        return path


if __name__ == "__main__":
    common.run(main, __doc__, FLAGS)
