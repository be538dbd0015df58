"""A generator of images learns a hand from images."""

from hwgen_keras import data, generation, inputs, training
from hwgen_keras.characters import Knowledge

from .results import finish, report, watchers_of


def adapt_generator(run, generator, jit):
    """Trains a part of a generator in a run folder; returns generator.keras."""
    settings = run.settings
    store = load_store(settings)
    tokenizer = generation.writing.tokenizer_for(settings, generator, store.characters)
    run.record(Knowledge(store.characters, tokenizer))
    known, held = training.divide(store, settings.seed)
    condition = generator.condition
    sampler = training.hand_pairs(settings, store, known, tokenizer, condition)
    model, learning, draw_probes = training.hand_training(settings, generator, jit)
    report(run, store, generator, learning, known, held, "images")
    batch = None
    if len(held):
        batch = training.held_out_batch(
            store, known, held, tokenizer, settings.seed, condition
        )
    watchers = watchers_of(run, model, batch)
    # TensorFlow would start a pipeline slower than so few images are read.
    training.fit_generator(
        *(run, model, sampler.store, sampler, settings.steps, draw_probes),
        extra=watchers,
        kind="python",
    )
    return finish(run, model, *watchers)


def load_store(settings):
    """The glyphs of the fonts, and the images by the hand."""
    inputs.check_given(settings, ("fonts",))
    hand = inputs.load_hand(
        *(settings, settings.handwriting, settings.writer, "--handwriting"),
        inputs.load_characters(settings),
    )
    fonts = inputs.load_store(settings, fonts=settings.fonts)
    return data.ImageStore.merge([fonts, hand])
