"""How a generated set is written: what, in whose hands, and what an image must pass."""

from experiments.flags import common
from hwgen_keras.generation import sampling

EXTRA = {
    **sampling.EXTRA,
    "content": (
        common.flags.DEFINE_enum,
        "fonts",
        ["fonts", "simulated", "both"],
        "What is rewritten: glyphs of --fonts, what --simulated_writers write, whose "
        "letter forms no font has, or both.",
    ),
    "style_hands": (
        common.flags.DEFINE_list,
        None,
        "Whose hands to write in, such as real,simulated: real handwriting, "
        "--simulated_writers, and fonts, each taken for a hand. Default: real and "
        "simulated, what is given of them; of augmentation_gain real.",
    ),
    "style_from": (
        common.flags.DEFINE_enum,
        "any",
        ["any", "same_character"],
        "Style images: any character by a hand, or the same one where there is one.",
    ),
    "style_images": (
        common.flags.DEFINE_integer,
        1,
        "Images by one hand that are shown for each image to write; their styles are "
        "averaged.",
    ),
    "follow_forms": (
        common.flags.DEFINE_boolean,
        True,
        "Bend each glyph by how the hand leans and stretches characters more than the "
        "font does, measured on all its images.",
    ),
    "reader": (
        common.flags.DEFINE_string,
        None,
        "Recogniser that reads each image: classifier.keras, or its run folder; none "
        "that the generator was trained with.",
    ),
    "min_content_score": (
        common.flags.DEFINE_float,
        None,
        "Reject and redraw images to whose character --reader gives a lower "
        "probability. Default: note the probability alone.",
    ),
    "reject_duplicates": (
        common.flags.DEFINE_boolean,
        False,
        "Reject and redraw what is almost the same as an image of its character.",
    ),
    "max_attempts": (
        common.flags.DEFINE_integer,
        5,
        "Images made for a row at most; a row whose images are all rejected is left "
        "out. Blank images are always rejected.",
    ),
}


def check(options, real):
    """Raises InputError unless the flags of `EXTRA` fit each other and the data.

    Args:
        options: of a script with `EXTRA`.
        real: whether there is real handwriting.
    """
    from hwgen_keras.errors import InputError

    common.check_positive(options, "style_images", "max_attempts")
    parts(options, real)
    score = options.min_content_score
    if score is None:
        return
    if not 0 <= score <= 1:
        raise InputError(
            f"--min_content_score is {score}; give a probability from 0 to 1."
        )
    if options.reader is None:
        raise InputError(
            "--min_content_score needs --reader, a recogniser that gives the scores."
        )


def parts(options, real):
    """What is rewritten and whose hands are imitated, parts of `inputs.load_parts`.

    Args:
        options: of a script with `EXTRA`.
        real: whether there is real handwriting.

    Returns:
        Two tuples, contents and hands.

    Raises:
        InputError: what is asked for is unknown, or not given.
    """
    from hwgen_keras.errors import InputError
    from hwgen_keras.inputs import loading as inputs

    given = {
        inputs.FONTS: bool(options.fonts),
        inputs.REAL: bool(real),
        inputs.SIMULATED: bool(options.simulated_writers),
    }
    contents = {
        "fonts": (inputs.FONTS,),
        "simulated": (inputs.SIMULATED,),
        "both": (inputs.FONTS, inputs.SIMULATED),
    }[options.content]
    if options.style_hands is None:
        inputs.check_given(options, ("handwriting",))
        people = inputs.REAL, inputs.SIMULATED
        hands = [part for part in people if given[part]]
    else:
        hands = options.style_hands
    if not hands or set(hands) - set(given):
        raise InputError(
            f"--style_hands={','.join(hands)}: choose from {', '.join(given)}."
        )
    for flag, wanted in (("content", contents), ("style_hands", hands)):
        for part in wanted:
            if not given[part]:
                raise InputError(
                    f"--{flag}: {part} needs {inputs.FLAG[part]}; give it, or choose "
                    "others."
                )
    # In this order, whatever the user's: it decides which image a row draws.
    return contents, tuple(part for part in given if part in hands)


def load_images(options):
    """The `ImageStore` of contents, as fonts, and hands, as handwriting."""
    from hwgen_keras.data import FONT, HANDWRITING, ImageStore
    from hwgen_keras.inputs import loading as inputs

    contents, hands = parts(options, options.handwriting)
    found = inputs.load_parts(options, {*contents, *hands})
    return ImageStore.merge(
        [
            *(found[part].as_kind(FONT) for part in contents),
            *(found[part].as_kind(HANDWRITING) for part in hands),
        ]
    )
