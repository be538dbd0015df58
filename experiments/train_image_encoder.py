"""python -m experiments.train_image_encoder --fonts=FONTS --handwriting=MANIFEST

Step 1a: trains the image encoder of CLIP as a classifier of characters, on glyphs of
fonts, on handwriting, or on both. Writes image_encoder.keras into the run folder.
"""

import dataclasses

from hwgen_keras import inputs, models, training
from hwgen_keras.characters import Knowledge
from hwgen_keras.inputs.settings import LabelledImages
from hwgen_keras.settings import by_size
from hwgen_keras.training.settings import Augmentation, InitialWeights, Training

from . import flags

BASE_EPOCHS = 300


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(LabelledImages, Augmentation, InitialWeights, Training):
    """Settings of the training of CLIP's image encoder."""

    DEFAULTS = by_size(
        image_size=(32, 64, 224),
        batch_size=(32, 64, 256),
        steps=(200, 2000, None),
        learning_rate=(2e-3, 1e-3, 1e-4),
        schedule=("cosine", "cosine", "constant"),
    )


def main(settings):
    settings = training.resumed(settings)
    with (
        training.Run("train_image_encoder", settings) as run,
        training.distributed(run),
    ):
        jit = training.set_up(settings)
        encoder = training.image_encoder(run, "image_encoder")

        store = inputs.load_store(
            settings,
            fonts=settings.fonts,
            handwriting=settings.handwriting,
            simulated_writers=settings.simulated_writers,
        )
        run.record(Knowledge(store.characters))
        sampler = training.augmented_sampler(settings, store)
        steps = settings.steps or BASE_EPOCHS * len(store) // settings.batch_size

        policy = settings.dtype_policy
        names = store.characters
        model = models.Classifier(encoder, len(names), characters=names, dtype=policy)
        training.compile_classifier(model, settings, steps, jit)
        make_feed = training.classifier_feed(settings, store, sampler)
        plateau = training.plateau_callbacks(settings, len(store))
        training.fit(run, model, make_feed, steps, extra=plateau)

        return training.finish_classifier(run, model, "image_encoder.keras")


if __name__ == "__main__":
    flags.run(main, Settings, __doc__)
