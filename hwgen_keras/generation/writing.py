"""What a generated set is written from: glyphs to rewrite, and hands to write in."""

from hwgen_keras import inputs
from hwgen_keras.data import FONT, HANDWRITING, ImageStore
from hwgen_keras.errors import InputError
from hwgen_keras.models import check_condition


def parts(settings, real):
    """What is rewritten and whose hands are imitated, parts of `inputs.load_parts`.

    Args:
        settings: `WritingSettings`, `Fonts` and `SimulatedWriters`; without
            `style_hands` also `Handwriting`.
        real: whether there is real handwriting.

    Returns:
        Two tuples, contents and hands.

    Raises:
        InputError: what is asked for is not given.
    """
    given = {
        inputs.FONTS: bool(settings.fonts),
        inputs.REAL: bool(real),
        inputs.SIMULATED: bool(settings.simulated_writers),
    }
    contents = (settings.content,)
    if settings.content == "both":
        contents = inputs.FONTS, inputs.SIMULATED
    hands = settings.style_hands
    if not hands:
        inputs.check_given(settings, ("handwriting",))
        hands = [part for part in (inputs.REAL, inputs.SIMULATED) if given[part]]
    for flag, wanted in (("content", contents), ("style_hands", hands)):
        for part in wanted:
            if not given[part]:
                raise InputError(
                    f"--{flag}: {part} needs {inputs.FLAG[part]}; give it, or choose "
                    "others."
                )
    # In this order, whatever the user's: it decides which image a row draws.
    return contents, tuple(part for part in given if part in hands)


def load_images(settings):
    """The `ImageStore` of contents, as fonts, and hands, as handwriting."""
    contents, hands = parts(settings, settings.handwriting)
    flags = {inputs.FLAG[part].removeprefix("--") for part in {*contents, *hands}}
    found = inputs.load_parts(settings, **{f: getattr(settings, f) for f in flags})
    return ImageStore.merge(
        [
            *(found[part].as_kind(FONT) for part in contents),
            *(found[part].as_kind(HANDWRITING) for part in hands),
        ]
    )


def tokenizer_for(settings, generator, characters):
    """The tokenizer that a generator needs, or None; its condition is checked.

    Args:
        settings: `Structures`.
        generator: of `--generator_weights`.
        characters: the `CharacterSet` of the script.

    Raises:
        InputError: the generator was trained on other characters, or one of them has
            no structure.
    """
    tokenizer = None
    if getattr(generator.condition, "needs", None) == "structure":
        tokenizer = inputs.load_tokenizer(settings, characters)
    check_condition(generator, characters, tokenizer)
    return tokenizer
