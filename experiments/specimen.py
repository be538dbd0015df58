"""python -m experiments.specimen --text="いろはにほへと" --generator_weights=RUN
    --fonts=FONTS --handwriting=HAND --output=page.pdf

A page of a text in somebody's hand: every character is written anew, in the style of
several images of the hand (--style_images), and set on A4 with a little of the
unevenness of a hand (--jitter). HAND is a manifest, or a folder of images named by
character (あ_2.png). --hand_2 and --mix write in a hand between two. Small kana are the
large ones, smaller; punctuation and lower-case letters come from the font as it is.
"""

import unicodedata

from hwgen_keras.generation import sampling, writing

from .flags import common

FLAGS = (
    *("generator_weights", "fonts", "handwriting", "characters", "reference_font"),
    *("skip_unknown_characters", "writer_pattern", "structure_file"),
    *("image_size", "batch_size", "seed", "output", "cache"),
)
EXTRA = {
    **sampling.EXTRA,
    "text": (common.flags.DEFINE_string, None, "What to write."),
    "text_file": (
        common.flags.DEFINE_string,
        None,
        "File of what to write, UTF-8; its lines are kept.",
    ),
    "writer": (
        common.flags.DEFINE_string,
        None,
        "Whose images of --handwriting are the hand, if they are by several writers.",
    ),
    "hand_2": (
        common.flags.DEFINE_string,
        None,
        "Second hand to mix with the first: a manifest or a folder of images.",
    ),
    "writer_2": (common.flags.DEFINE_string, None, "As --writer, of --hand_2."),
    "mix": (common.flags.DEFINE_float, 0.5, "Share of the second hand, from 0 to 1."),
    "strength": (
        common.flags.DEFINE_float,
        None,
        "How much of the hand's style, of AdaIN generators: 0 none, the font's own; 1 "
        "all of it, as without the flag; a diffusion model has --guidance_style.",
    ),
    "style_images": (
        common.flags.DEFINE_integer,
        None,
        "Images of a hand whose styles are averaged for a character; default: 4, or "
        "all there are.",
    ),
    "writing": (
        common.flags.DEFINE_enum,
        "horizontal",
        ["horizontal", "vertical"],
        "Direction of the lines; vertical ones follow each other from right to left.",
    ),
    "cell": (common.flags.DEFINE_float, 12.0, "Side of a character's cell in mm."),
    "dpi": (common.flags.DEFINE_integer, 300, "Pixels an inch, 50 to 1200."),
    "follow_forms": writing.EXTRA["follow_forms"],
    "jitter": (
        common.flags.DEFINE_float,
        1.0,
        "How much characters are moved, turned and scaled; 0: not at all.",
    ),
}


def main(options):
    import pathlib

    from hwgen_keras.errors import InputError
    from hwgen_keras.inputs import hands
    from hwgen_keras.models import GENERATORS, load_trained, with_policy
    from hwgen_keras.training import recipes

    from .specimens.page import draw_pages, lay_out, save_pages
    from .specimens.text import forms_of, load_glyphs, write

    options.image_size = options.image_size or 64
    options.batch_size = options.batch_size or 64
    grid, text = check(options), read_text(options)
    places = lay_out(text, grid)
    pages = 1 + places[-1].page
    output = pathlib.Path(options.output)
    if pages > 1 and output.suffix.lower() == ".png":
        raise InputError(
            f"--output: the text takes {pages} pages and a PNG has one; write a .pdf, "
            "or choose a smaller --cell."
        )
    generator = load_trained(
        options.generator_weights, GENERATORS, "--generator_weights", "generator.keras"
    )
    generator = sampling.apply(options, with_policy(generator, "float32"))
    recipes.check_stride(options.image_size, generator.stride)
    if options.strength is not None and generator.mode == "diffusion":
        raise InputError("--strength is for AdaIN generators; use --guidance_style.")
    loaded = [
        hands.load_hand(options, options.handwriting, options.writer, "--handwriting")
    ]
    if options.hand_2 is not None:
        loaded.append(
            hands.load_hand(options, [options.hand_2], options.writer_2, "--hand_2")
        )
    forms = forms_of(options, loaded) if options.follow_forms else (0.0, 0.0)
    glyphs = load_glyphs(options, text, *forms)
    images, copied = write(options, generator, text, glyphs, loaded)
    pages = draw_pages(grid, text, places, images, options.seed, options.jitter)
    save_pages(output, pages, options.dpi)
    names = " and ".join(hand.source_names[0] for hand in loaded)
    marks = "".join(dict.fromkeys(copied))
    print(
        f"{len(images) - len(copied)} characters in the hand of {names}, "
        + (f"{len(copied)} from the font ({marks}), " if copied else "")
        + f"{len(pages)} page{'s' * (len(pages) > 1)}. Saved {output}"
    )
    return output


def check(options):
    """Raises InputError unless the flags fit; returns the `Grid` of the page."""
    import pathlib

    from hwgen_keras.errors import InputError

    from .specimens.page import Grid

    for flag in ("generator_weights", "output"):
        if getattr(options, flag) is None:
            raise InputError(f"--{flag} is needed.")
    common.check_positive(options, "image_size", "batch_size", "style_images", "cell")
    output = pathlib.Path(options.output)
    if output.suffix.lower() not in (".png", ".pdf"):
        raise InputError(f"--output: {output} must end in .png or .pdf.")
    if output.exists():
        raise InputError(f"--output: {output} exists already; choose another name.")
    if not 50 <= options.dpi <= 1200:
        raise InputError(f"--dpi is {options.dpi}; give 50 to 1200.")
    if not 0 <= options.mix <= 1:
        raise InputError(f"--mix is {options.mix}; give a share from 0 to 1.")
    for name in ("strength", "jitter"):
        value = getattr(options, name)
        if value is not None and not 0 <= value <= 5:
            raise InputError(f"--{name} is {value}; give 0 to 5.")
    grid = Grid(options.cell, dpi=options.dpi, vertical=options.writing == "vertical")
    if not grid.length or not grid.lines:
        raise InputError(f"--cell is {options.cell} mm, which no page has room for.")
    return grid


def read_text(options):
    """The text to write, in composed form (NFC)."""
    import pathlib

    from hwgen_keras.errors import InputError

    if (options.text is None) == (options.text_file is None):
        raise InputError("Give one of --text and --text_file.")
    text = options.text
    if text is None:
        try:
            text = pathlib.Path(options.text_file).read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(
                f"--text_file: {options.text_file} cannot be read as UTF-8 text "
                f"({error})."
            ) from None
    text = unicodedata.normalize("NFC", text).replace("\r\n", "\n").strip("\n")
    if not text.strip():
        raise InputError("The text to write is empty.")
    return text


if __name__ == "__main__":
    common.run(main, __doc__, FLAGS, EXTRA)
