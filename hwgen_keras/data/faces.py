"""All usable glyphs of one face as an image store, and what is wrong with the rest."""

from hwgen_keras.data.png import encode_glyph
from hwgen_keras.data.store_writer import FONT, StoreWriter
from hwgen_keras.errors import InputError
from hwgen_keras.sources.font_survey import outline_key, stand_ins


def render_face(font, characters, image_size, path, others=()):
    """Renders every usable glyph of a face, without margin, into a store file.

    Left out are characters that the face lacks, whose glyph is blank, damaged, an
    almost full box, the outline of .notdef, or one that more than three characters
    share: a stand-in, too.

    Args:
        font: a `Font`.
        characters: the `CharacterSet` to render.
        image_size: side of the images in pixels.
        path: the store file to make; none is made if no glyph is usable.
        others: characters to test without rendering them.

    Returns:
        {fault: list of characters}, with `None` for the usable ones, of `characters`
        and `others` together; characters that the face does not map are in none.

    Raises:
        InputError: the disk is full, or the folder cannot be written.
    """
    found: dict[str | None, list[str]] = {None: []}
    files = {}
    for character in characters:
        try:
            image, fault = font.try_render(character, image_size, margin=0.0)
        except InputError:
            fault = "damaged"
        if fault:
            found.setdefault(fault, []).append(character)
        else:
            files[character] = encode_glyph(image)
    _sort_out(files, found)
    keys = {}
    for character in others:
        key, fault = outline_key(font, character)
        if fault:
            found.setdefault(fault, []).append(character)
        else:
            keys[character] = key
    _sort_out(keys, found)
    found.pop("missing", None)
    if files:
        with StoreWriter(path, characters, image_size) as writer:
            for character, file in files.items():
                writer.add(file, character, font.name, FONT)
    return found


def _sort_out(files, found):
    """Moves stand-ins out of `files`; lists both in `found`."""
    for character in stand_ins(files):
        del files[character]
        found.setdefault("shared", []).append(character)
    found[None] += files
