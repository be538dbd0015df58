"""python -m experiments.train_clip --fonts=FONTS --image_weights=RUN --text_weights=RUN

Step 1c: trains CLIP, which embeds images of characters and their structures in one
space, from the two trained encoders. Writes clip.keras into the run folder.
"""

import dataclasses

from hwgen_keras import evaluation, inputs, models, training
from hwgen_keras.characters import Knowledge
from hwgen_keras.errors import InputError
from hwgen_keras.inputs.settings import LabelledImages, Structures
from hwgen_keras.settings import by_size
from hwgen_keras.training.settings import Augmentation, Training, trained

from . import flags

BASE_EPOCHS = 300


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(LabelledImages, Structures, Augmentation, Training):
    """Settings of the training of CLIP."""

    DEFAULTS = by_size(
        image_size=(32, 64, 224),
        batch_size=(32, 32, 32),
        steps=(200, 2000, None),
        learning_rate=(5e-4, 2e-4, 1e-4),
        schedule=("cosine", "cosine", "plateau"),
    )
    image_weights: str = trained("image encoder", "image_encoder.keras", True)
    text_weights: str = trained("text encoder", "text_encoder.keras", True)


def main(settings):
    settings = training.resumed(settings)
    with training.Run("train_clip", settings) as run, training.distributed(run):
        jit = training.set_up(settings)

        encoders = {kind: load_encoder(settings, kind) for kind in ("image", "text")}
        store = inputs.load_store(
            settings,
            fonts=settings.fonts,
            handwriting=settings.handwriting,
            simulated_writers=settings.simulated_writers,
        )
        tokenizer = inputs.load_tokenizer(settings, store.characters)
        training.check_text_encoder(encoders["text"], tokenizer, "--text_weights")
        run.record(Knowledge(store.characters, tokenizer))
        sampler = training.augmented_sampler(settings, store, tokenizer)
        steps = settings.steps or BASE_EPOCHS * len(store) // settings.batch_size

        model = training.clip_of_encoders(settings, encoders)
        training.compile_clip(model, settings, steps, jit)
        make_feed = training.clip_feed(settings, store, sampler)
        plateau = training.plateau_callbacks(settings, len(store))
        training.fit(run, model, make_feed, steps, extra=plateau)

        path = run.save(model, "clip.keras")
        accuracy = evaluation.retrieval_accuracy(model, store, tokenizer)
        run.write_json("metrics.json", {"retrieval_accuracy": accuracy})
        print(
            f"Of {min(1000, len(store))} training images, {100 * accuracy:.1f} % lie "
            f"nearest to their own structure. Saved {path}"
        )
        return path


def load_encoder(settings, kind):
    """The encoder of `--image_weights` or `--text_weights`, in the run's precision."""
    weights, file = getattr(settings, f"{kind}_weights"), f"{kind}_encoder.keras"
    flag, size = f"--{kind}_weights", settings.image_size
    size = size if kind == "image" else None
    classifier = models.load_trained(weights, models.Classifier, flag, file, size)
    expected = models.ImageEncoder if kind == "image" else models.TextEncoder
    if not isinstance(classifier.encoder, expected):
        raise InputError(
            f"{flag}: {weights} holds no {kind} encoder; give that of "
            f"train_{kind}_encoder."
        )
    return models.with_policy(classifier.encoder, settings.dtype_policy)


if __name__ == "__main__":
    flags.run(main, Settings, __doc__)
