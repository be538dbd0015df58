"""python -m experiments.train_classifier --train=MANIFEST --generated=MANIFEST_OR_STORE
    --augment=elastic

Step 4: trains a recogniser on real handwriting, and on what is added to it: generated
images, glyphs of fonts, augmentation. Writes classifier.keras into the run folder: the
best by accuracy if there is a --validation manifest, else the last.
"""

from .flags import common
from .flags.vocabulary import TRAINING

FLAGS = (
    *("fonts", "simulated_writers", "characters", "skip_unknown_characters"),
    *("writer_pattern", "augment"),
    *("image_size", "cache", *TRAINING),
)
EXTRA = {
    "train": (
        common.flags.DEFINE_multi_string,
        [],
        "Manifest of real handwriting; may be given several times.",
    ),
    "generated": (
        common.flags.DEFINE_multi_string,
        [],
        "Manifest, or .store, of generated images; may be given several times.",
    ),
    "validation": (
        common.flags.DEFINE_string,
        None,
        "Manifest of other writers, read at every interval to keep the best.",
    ),
    "real_share": (
        common.flags.DEFINE_float,
        None,
        "Draw all characters equally often, and real images with this share where a "
        "character has some; the rest is shared equally by fonts, simulated writers "
        "and generated images. Default: every image once an epoch, as published.",
    ),
    "mix": (
        common.flags.DEFINE_enum,
        "none",
        ["none", "mixup", "cutmix", "fmix"],
        "Mix each image and its label with another: in all pixels, a rectangle, or "
        "smooth patches.",
    ),
}
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
        "learning_rate": 2e-3,
        "schedule": "cosine",
    },
    "base": {
        "image_size": 224,
        "batch_size": 64,
        "learning_rate": 1e-4,
        "schedule": "constant",
    },
}
# The original trains each arm for as many images as 100 epochs of its ETL set.
BASE_IMAGES = 611_768
BASE_EPOCHS = 100


def main(options):
    import numpy as np

    from hwgen_keras.data import GENERATED, HANDWRITING, ImageStore
    from hwgen_keras.errors import InputError
    from hwgen_keras.inputs import loading as inputs
    from hwgen_keras.models import SIZES, Classifier, ImageEncoder
    from hwgen_keras.training import run as training
    from hwgen_keras.training.devices import distributed
    from hwgen_keras.training.plateau import plateau
    from hwgen_keras.training.recipes import (
        SIMULATED,
        augmented_sampler,
        check_schedule,
        classifier_feed,
        compiled,
        kind_weights,
    )

    common.complete(options, DEFAULTS)
    common.check_positive(options, "image_size", "batch_size", "steps", "learning_rate")
    check_schedule(options)
    if options.real_share is not None and not 0 < options.real_share <= 1:
        raise InputError(f"--real_share is {options.real_share}; give 0 < share <= 1.")
    with training.Run("train_classifier", options) as run, distributed(run):
        jit = common.set_up(options)

        characters = inputs.load_characters(options)
        stores, kinds = [], np.zeros(0, int)
        options.handwriting = options.train
        if options.fonts or options.train or options.simulated_writers:
            stores.append(inputs.load_store(options))
            kinds = stores[0].kinds.astype(int)
            # Simulated writers come last, and are handwriting to a store.
            simulated = options.simulated_writers * len(characters)
            kinds[len(kinds) - simulated :] = SIMULATED
        for manifest in options.generated:
            stores.append(inputs.load_images(options, manifest, characters, GENERATED))
        if not stores:
            raise InputError("There is no data: give --train, --generated or --fonts.")
        store = ImageStore.merge(stores)
        kinds = np.concatenate([kinds, store.kinds[len(kinds) :]])
        sampler = augmented_sampler(
            options,
            store,
            kinds=kinds,
            kind_weights=kind_weights(kinds, options.real_share),
            class_balanced=options.real_share is not None,
        )
        if options.steps is None:
            epochs = BASE_EPOCHS * BASE_IMAGES // len(store) or 10
            options.steps = epochs * len(store) // options.batch_size

        policy = options.dtype_policy
        encoder = ImageEncoder(**SIZES[options.size]["classifier"], dtype=policy)
        model = compiled(
            Classifier(encoder, len(characters), dtype=policy),
            options,
            jit,
        )
        extra = plateau(options, len(store))
        if options.validation is not None:
            validation = inputs.load_images(
                options, options.validation, characters, HANDWRITING
            )
            extra.append(training.KeepBest(run, "classifier.keras", validation))
        training.fit(run, model, classifier_feed(options, store, sampler), extra=extra)
        path = run.folder / "classifier.keras"
        if options.validation is None:
            run.save(model, "classifier.keras")
        history = training.read_history(run)
        run.write_json("metrics.json", {k: v[-1] for k, v in history.items()})
        print(f"Training accuracy {history['accuracy'][-1]:.3f}. Saved {path}")
        return path


if __name__ == "__main__":
    common.run(main, __doc__, FLAGS, EXTRA)
