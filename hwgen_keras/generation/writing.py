"""The sources of a generated set: glyphs to rewrite, and hands to write in."""

from hwgen_keras import inputs
from hwgen_keras.data import FONT, HANDWRITING, ImageStore
from hwgen_keras.errors import InputError
from hwgen_keras.models import check_condition


def parts(settings, real):
    """The contents and the hands of a script's settings, parts of `inputs.load_parts`.

    `real` says whether there is real handwriting. InputError if a part lacks its flag.
    """
    available = {
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
        hands = [part for part in (inputs.REAL, inputs.SIMULATED) if available[part]]
    for flag, wanted in (("content", contents), ("style_hands", hands)):
        for part in wanted:
            if not available[part]:
                raise InputError(
                    f"--{flag}: {part} needs {inputs.FLAG[part]}; give it, or choose "
                    "others."
                )
    # The order of the user must not change which image a row draws.
    return contents, tuple(part for part in available if part in hands)


def load_images(settings):
    """The `ImageStore` of contents, as fonts, and hands, as handwriting."""
    contents, hands = parts(settings, settings.handwriting)
    flags = {inputs.FLAG[part].removeprefix("--") for part in {*contents, *hands}}
    stores = inputs.load_parts(settings, **{f: getattr(settings, f) for f in flags})
    glyphs = [stores[part].as_kind(FONT) for part in contents]
    images = [stores[part].as_kind(HANDWRITING) for part in hands]
    return ImageStore.merge(glyphs + images)


def tokenizer_for(settings, generator, characters):
    """The tokenizer that a generator's condition needs, or None.

    InputError if the generator was trained on other characters, or a character has no
    structure.
    """
    tokenizer = None
    if getattr(generator.condition, "needs", None) == "structure":
        tokenizer = inputs.load_tokenizer(settings, characters)
    check_condition(generator, characters, tokenizer)
    return tokenizer
