"""python -m experiments.train_text_encoder --characters=jis1

Step 1b: trains the text encoder of CLIP to classify a character by its structure (an
ideographic description sequence). Needs no images. Writes text_encoder.keras into the
run folder.
"""

import dataclasses
import math

from hwgen_keras import data, inputs, models, training
from hwgen_keras.characters import Knowledge, StructureTokenizer
from hwgen_keras.inputs.settings import Characters, Structures
from hwgen_keras.settings import by_size, setting
from hwgen_keras.training.settings import Training

from . import flags

# An epoch of the original holds every character ten times.
BASE_EPOCHS, REPEATS = 200, 10
# Of the plateau: PyTorch's defaults, which the original takes here.
FACTOR, PATIENCE = 0.1, 10


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(Characters, Structures, Training):
    """Settings of the training of CLIP's text encoder."""

    DEFAULTS = by_size(
        batch_size=(32, 128, 512),
        steps=(200, 2000, None),
        learning_rate=(2e-3, 5e-4, 1e-4),
        schedule=("cosine", "cosine", "plateau"),
    )
    alternatives: str = setting(
        "random",
        "Of a character with several structures, draw one at random each time, as "
        "published, or take the first.",
        choices=("random", "first"),
    )


def main(settings):
    settings = training.resumed(settings)
    with training.Run("train_text_encoder", settings) as run, training.distributed(run):
        jit = training.set_up(settings)

        characters = inputs.load_characters(settings)
        tokenizer = inputs.load_tokenizer(settings, characters)
        run.record(Knowledge(characters, tokenizer))
        drawn = tokenizer if settings.alternatives == "random" else firsts(tokenizer)
        sampler = data.StructureSampler(characters, drawn, seed=settings.seed)
        rows = REPEATS * len(characters)
        steps = settings.steps or base_steps(rows, settings.batch_size)

        policy = settings.dtype_policy
        encoder = models.TextEncoder(
            tokenizer.vocabulary_size,
            tokenizer.length,
            **models.SIZES[settings.size]["text_encoder"],
            vocabulary=tokenizer.vocabulary,
            dtype=policy,
        )
        count = len(characters)
        model = models.Classifier(encoder, count, characters=characters, dtype=policy)
        training.compile_classifier(model, settings, steps, jit)
        outputs = ("tokens", "label")
        make_feed = training.feed_maker(settings, None, sampler, outputs, kind="python")
        plateau = training.plateau_callbacks(
            settings, len(characters), FACTOR, PATIENCE
        )
        training.fit(run, model, make_feed, steps, extra=plateau)

        return training.finish_classifier(run, model, "text_encoder.keras")


def firsts(tokenizer):
    """The tokenizer, with the same ids, of the first structure of each character."""
    structures = {c: choices[:1] for c, choices in tokenizer.structures.items()}
    return StructureTokenizer(structures, tokenizer.vocabulary, tokenizer.length)


def base_steps(rows, batch_size):
    """The steps of the published epochs, of which each begins with a full batch."""
    return BASE_EPOCHS * math.ceil(rows / batch_size)


if __name__ == "__main__":
    flags.run(main, Settings, __doc__)
