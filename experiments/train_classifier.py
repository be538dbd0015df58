"""python -m experiments.train_classifier --train=MANIFEST --generated=MANIFEST_OR_STORE
    --augment=elastic

Step 4: trains a recogniser on real handwriting and on additional data: generated
images, glyphs of fonts, augmentation. Writes classifier.keras into the run folder: the
best by accuracy if there is a --validation manifest, else the last.
"""

import dataclasses

import lazy_loader

from hwgen_keras import data, inputs, models, training
from hwgen_keras.characters import Knowledge
from hwgen_keras.errors import InputError
from hwgen_keras.inputs.settings import (
    Fonts,
    Images,
    SimulatedWriters,
    check_apart,
)
from hwgen_keras.settings import by_size, setting
from hwgen_keras.training.settings import Augmentation, InitialWeights, Training

from . import flags

np = lazy_loader.load("numpy")

# The original trains each arm for as many images as 100 epochs of its ETL set.
BASE_IMAGES = 611_768
BASE_EPOCHS, LEAST_EPOCHS = 100, 10


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(Fonts, SimulatedWriters, Images, Augmentation, InitialWeights, Training):
    """Settings of the training of a recogniser."""

    DEFAULTS = by_size(
        image_size=(32, 64, 224),
        batch_size=(32, 64, 64),
        steps=(200, 2000, None),
        learning_rate=(2e-3, 2e-3, 1e-4),
        schedule=("cosine", "cosine", "constant"),
    )
    train: tuple[str, ...] = setting(
        (), "Manifest of real handwriting; may be given several times."
    )
    generated: tuple[str, ...] = setting(
        (), "Manifest, or .store, of generated images; may be given several times."
    )
    validation: str | None = setting(
        None, "Manifest of other writers, read at every interval to keep the best."
    )
    real_share: float | None = setting(
        None,
        "Draw all characters equally often, and real images with this share where a "
        "character has some; the rest is shared equally by fonts, simulated writers "
        "and generated images. Default: every image once an epoch, as published.",
        above=0,
        at_most=1,
    )
    mix: str = setting(
        "none",
        "Mix each image and its label with another: in all pixels, a rectangle, or "
        "smooth patches.",
        choices=("none", "mixup", "cutmix", "fmix"),
    )
    label_smoothing: float = setting(
        0.0,
        "Share of each label that all characters get alike, such as 0.1; 0 as "
        "published.",
        at_least=0,
        below=1,
    )
    widths: tuple[str, ...] = setting(
        (),
        "Channels of the convolutional encoder at each resolution, from half of the "
        "image's down, such as 16,32,96,256; default: those of --size.",
        separator=",",
    )

    @property
    def channels(self):
        """`widths` as integers."""
        try:
            widths = tuple(map(int, self.widths))
        except ValueError:
            widths = (0,)
        if any(width < 1 for width in widths):
            raise InputError(
                f"--widths={','.join(self.widths)}: give whole numbers above 0, such "
                "as 16,32,96,256."
            )
        return widths

    def check(self):
        super().check()
        if self.channels and self.size == "base":
            raise InputError(
                "--widths is for a convolutional encoder, and --size=base has a "
                "ResNet; give another size, or leave it out."
            )
        if not (self.train or self.generated or self.fonts or self.simulated_writers):
            raise InputError("There is no data: give --train, --generated or --fonts.")
        named = {"train": self.train, "generated": self.generated}
        check_apart({**named, "validation": [self.validation]})


def main(settings):
    settings = training.resumed(settings)
    with training.Run("train_classifier", settings) as run, training.distributed(run):
        jit = training.set_up(settings)
        encoder = training.image_encoder(run, "classifier", settings.channels)

        characters = inputs.load_characters(settings)
        run.record(Knowledge(characters))
        store, kinds = load_data(settings, characters)
        sampler = training.augmented_sampler(
            settings,
            store,
            kinds=kinds,
            kind_weights=training.kind_weights(kinds, settings.real_share),
            class_balanced=settings.real_share is not None,
        )
        steps = settings.steps or base_steps(len(store), settings.batch_size)

        policy = settings.dtype_policy
        count = len(characters)
        model = models.Classifier(encoder, count, characters=characters, dtype=policy)
        mixed = settings.mix != "none"
        loss = training.classifier_loss(settings.label_smoothing, mixed)
        training.compile_classifier(model, settings, steps, jit, loss)
        make_feed = training.classifier_feed(settings, store, sampler, settings.mix)
        extra = training.plateau_callbacks(settings, len(store))
        name, best = "classifier.keras", settings.validation
        if best is not None:
            kind = data.HANDWRITING
            validation = inputs.load_images(settings, best, characters, kind)
            extra.append(training.KeepBest(run, name, validation))
        training.fit(run, model, make_feed, steps, extra=extra)

        return training.finish_classifier(run, None if best else model, name)


def base_steps(images, batch_size):
    """The steps of the published epochs of so many training images."""
    epochs = BASE_EPOCHS * BASE_IMAGES // images or LEAST_EPOCHS
    return epochs * images // batch_size


def load_data(settings, characters):
    """The store of all images, and the kind of each, see `training.kind_weights`."""
    parts = inputs.load_parts(
        settings,
        fonts=settings.fonts,
        handwriting=settings.train,
        simulated_writers=settings.simulated_writers,
    )
    stores, kinds = list(parts.values()), [store.kinds for store in parts.values()]
    if inputs.SIMULATED in parts:
        place = list(parts).index(inputs.SIMULATED)
        kinds[place] = np.full(len(stores[place]), training.SIMULATED)
    for path in settings.generated:
        stores.append(inputs.load_images(settings, path, characters, data.GENERATED))
        kinds.append(stores[-1].kinds)
    return data.ImageStore.merge(stores), np.concatenate(kinds)


if __name__ == "__main__":
    flags.run(main, Settings, __doc__)
