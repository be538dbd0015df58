"""All usable glyphs of one face as an image store, and the faults of the others."""

from hwgen_keras.data.png import encode_glyph
from hwgen_keras.data.store_writer import FONT, StoreWriter
from hwgen_keras.errors import InputError
from hwgen_keras.sources.font_survey import outline_key, stand_ins


def render_face(font, characters, image_size, path, others=()):
    """Renders every usable glyph of a face, without margin, into a store file.

    A glyph is unusable if it is missing, blank, damaged, an almost full box, the
    outline of .notdef, or shared by more than three characters (a stand-in).

    Args:
        font: a `Font`.
        characters: the `CharacterSet` to render.
        image_size: side of the images in pixels.
        path: the store file to write; no file is written without a usable glyph.
        others: characters to test without rendering them.

    Returns:
        {fault: list of characters} of `characters` and `others`, with the key `None`
        for usable ones. Characters that the face does not map are left out.
    """
    faults: dict[str | None, list[str]] = {None: []}
    files = {}
    for character in characters:
        try:
            image, fault = font.try_render(character, image_size, margin=0.0)
        except InputError:
            fault = "damaged"
        if fault:
            faults.setdefault(fault, []).append(character)
        else:
            files[character] = encode_glyph(image)
    _sort_out(files, faults)
    keys = {}
    for character in others:
        key, fault = outline_key(font, character)
        if fault:
            faults.setdefault(fault, []).append(character)
        else:
            keys[character] = key
    _sort_out(keys, faults)
    faults.pop("missing", None)
    if files:
        with StoreWriter(path, characters, image_size) as writer:
            for character, file in files.items():
                writer.add(file, character, font.name, FONT)
    return faults


def _sort_out(glyphs, faults):
    """Removes stand-ins from `glyphs`; adds them and the usable ones to `faults`."""
    for character in stand_ins(glyphs):
        del glyphs[character]
        faults.setdefault("shared", []).append(character)
    faults[None] += glyphs
