"""python -m experiments.prepare_pages --sheet=sheet.pdf --characters=kana
python -m experiments.prepare_pages --layout=sheet.json --photos=PHOTOS
    --writer=NAME --output=FOLDER
python -m experiments.prepare_pages --folder=IMAGES --writer=NAME --output=FOLDER

Your own handwriting. The first command writes a practice sheet to print, and its
layout beside it (.json). The second reads photos or scans of filled pages, in any order
and any of the four rotations; the third takes images already sorted into folders, a
folder a character. Both write cleaned images, <output>/manifest.json, and
<output>/review.html, which shows what is empty or suspicious. The same command again
reads only what is new.
"""

import logging
import pathlib

from .flags import common

FLAGS = ("characters", "fonts", "image_size")
EXTRA = {
    "sheet": (common.flags.DEFINE_string, None, "Practice sheet to write, a PDF."),
    "box": (common.flags.DEFINE_float, 14.0, "Side of a writing box in mm, 8 to 40."),
    "count": (
        common.flags.DEFINE_integer,
        1,
        "Times that the sheet asks for each character.",
    ),
    "layout": (
        common.flags.DEFINE_string,
        None,
        "Layout of the sheet on the photos: the .json beside its PDF.",
    ),
    "photos": (
        common.flags.DEFINE_multi_string,
        [],
        "Photo or scan of a filled page, or a folder of them; may be given several "
        "times.",
    ),
    "folder": (
        common.flags.DEFINE_string,
        None,
        "Folder of images in folders named by character (あ) or code point (U+3042).",
    ),
    "writer": (common.flags.DEFINE_string, None, "Name of who wrote the pages."),
    "stroke_width": (
        common.flags.DEFINE_float,
        0.06,
        "Mean width of strokes as a share of the image's side; 0 keeps the pen's.",
    ),
    "output": (
        common.flags.DEFINE_string,
        None,
        "Folder for images, manifest and review; further photos of the same writer "
        "may go to the same one.",
    ),
}


def main(options):
    from hwgen_keras.errors import InputError

    ways = [name for name in ("sheet", "photos", "folder") if getattr(options, name)]
    if len(ways) != 1:
        raise InputError(
            "Give one of --sheet (a practice sheet to write), --photos (of filled "
            f"pages) or --folder (of sorted images); {len(ways)} are given."
        )
    if options.sheet:
        return make_sheet(options)
    options.image_size = options.image_size or 128
    common.check_positive(options, "image_size")
    for name in ("writer", "output"):
        if not getattr(options, name):
            raise InputError(f"--{name} is needed.")
    if not 0 <= options.stroke_width <= 0.3:
        raise InputError(
            f"--stroke_width is {options.stroke_width}; give a share from 0 to 0.3."
        )
    from .pages import reading as pages_reading

    if options.photos:
        return pages_reading.read_photos(options)
    return pages_reading.read_folder(options)


def make_sheet(options):
    """Writes the practice sheet and its layout; returns their paths."""
    from hwgen_keras.errors import InputError
    from hwgen_keras.inputs.loading import load_characters
    from hwgen_keras.sources.pages import layout, sheet

    common.check_positive(options, "count")
    path = pathlib.Path(options.sheet)
    if path.suffix.lower() != ".pdf":
        raise InputError(f"--sheet: {path} must end in .pdf.")
    characters = load_characters(options)
    made = layout.make_layout(characters, options.box, options.count)
    beside = path.with_suffix(".json")
    # Photos of a printed sheet can be read with its own layout alone.
    if beside.exists() and layout.read_layout(beside) != made:
        raise InputError(
            f"--sheet: {beside} is the layout of another sheet, whose photos need it; "
            "choose another name."
        )
    fonts = sheet.choose_fonts(_model_fonts(options.fonts, characters), characters)
    logging.getLogger("fontTools").setLevel(logging.WARNING)
    try:
        sheet.write_sheet(path, made, fonts)
        made.save(beside)
    except OSError as error:
        raise InputError(
            f"--sheet: {path} cannot be written ({error.strerror}); choose another "
            "place, or free some space."
        ) from None
    print(
        f"{len(characters)} characters on {len(made.pages)} pages. Saved {path} and "
        f"{beside}; keep the latter for reading the photos."
    )
    return path, beside


def _model_fonts(paths, characters):
    """The fonts of --fonts, or one that has all characters."""
    import importlib.util

    from hwgen_keras.errors import InputError
    from hwgen_keras.inputs.loading import load_fonts
    from hwgen_keras.sources import find_fonts, system_fonts

    if paths:
        return load_fonts(paths)
    fonts = system_fonts()
    package = importlib.util.find_spec("matplotlib_fontja")
    if package:
        fonts += find_fonts(pathlib.Path(package.origin).parent / "fonts")
    if not fonts:
        raise InputError("No Japanese font is installed; give --fonts one.")
    whole = (font for font in fonts if all(map(font.covers, characters)))
    return [next(whole, fonts[0])]


if __name__ == "__main__":
    common.run(main, __doc__, FLAGS, EXTRA)
