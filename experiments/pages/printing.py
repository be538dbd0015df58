"""Writing a practice sheet and its layout."""

import importlib.util
import logging
import pathlib

from hwgen_keras.errors import InputError
from hwgen_keras.files import writable
from hwgen_keras.inputs import load_characters, load_fonts
from hwgen_keras.sources import find_fonts, system_fonts
from hwgen_keras.sources.pages import layout, sheet


def write_sheet(settings):
    """Writes the practice sheet and its layout; returns their paths."""
    path = pathlib.Path(settings.sheet)
    if path.suffix.lower() != ".pdf":
        raise InputError(f"--sheet: {path} must end in .pdf.")
    characters = load_characters(settings)
    pages = layout.make_layout(characters, settings.box, settings.count)
    file = path.with_suffix(".json")
    # Photos of a printed sheet can be read with its own layout alone.
    if file.exists() and layout.read_layout(file) != pages:
        raise InputError(
            f"--sheet: {file} is the layout of another sheet, whose photos need it; "
            "choose another name."
        )
    fonts = sheet.choose_fonts(_model_fonts(settings.fonts, characters), characters)
    logging.getLogger("fontTools").setLevel(logging.WARNING)
    with writable(path, "--sheet"):
        sheet.write_sheet(path, pages, fonts)
        pages.save(file)
    print(
        f"{len(characters)} characters on {len(pages.pages)} pages. Saved {path} and "
        f"{file}; keep the latter for reading the photos."
    )
    return path, file


def _model_fonts(paths, characters):
    """The fonts of --fonts, or the first that has all characters."""
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
