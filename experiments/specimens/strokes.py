"""The tracks of a text, written by a stroke writer in one hand."""

import numpy as np
from scipy import ndimage

from hwgen_keras import inputs
from hwgen_keras.errors import InputError
from hwgen_keras.generation.tracks import FIRST_ROW, new_hand, write_tracks
from hwgen_keras.generation.writing import check_images_flags
from hwgen_keras.inference import glyphs
from hwgen_keras.sources.images import keeps_place
from hwgen_keras.sources.strokes import has_strokes
from hwgen_keras.sources.text_size import in_text, ink_box

from .page import IMAGE

# Flags about images that a generator rewrites, or is shown.
_OF_IMAGES = ("reference_font", "hand_2", "writer_2", "mix", "strength")
_OF_IMAGES += ("style_images", "follow_forms")


def write_strokes(settings, writer, text):
    """Writes each character of a text as strokes, each anew.

    Args:
        settings: of the script. Without --handwriting and --strokes the hand is a new
            one, which follows from --seed.
        writer: a `StrokeWriter`.
        text: the text.

    Returns:
        ({index in the text: `Track`, sized for it}, name of the hand). With
        --skip_unknown_characters, characters that KanjiVG lacks are missing.
    """
    check_images_flags(settings, _OF_IMAGES, writer)
    rows = [i for i, c in enumerate(text) if has_strokes(c)]
    missing = [c for c in text if not (has_strokes(c) or c.isspace())]
    if missing:
        names = glyphs.listed(list(dict.fromkeys(missing)))
        if not settings.skip_unknown_characters:
            raise InputError(
                f"KanjiVG has no strokes for {names}; leave them out of the text, or "
                "give --skip_unknown_characters to leave a blank for them."
            )
        print(f"Left blank, since KanjiVG has no strokes for them: {names}")
    flags = {n: getattr(settings, n) for n in ("strokes", "handwriting", "writer")}
    name, hand = inputs.load_hand_tracks(settings, writer.network.points, **flags)
    if not hand:
        name, hand = "a new writer", new_hand(writer, settings.seed)
    tracks = write_tracks(
        *(writer, [text[i] for i in rows], hand, settings.seed),
        *(FIRST_ROW + np.array(rows, int), settings.batch_size, settings.hand_samples),
    )
    return dict(zip(rows, in_text(tracks), strict=True)), name


def draw_strokes(tracks, grid, look, name):
    """{index: uint8 image} of {index: `Track`}, as large as the page has them.

    `tracks` are sized for a text, see `in_text`; `look` is a `Look`, and `name` that of
    the hand.
    """
    side = max(8, round(grid.pixels(grid.cell * IMAGE)))
    images = {}
    for index, track in tracks.items():
        if keeps_place(track.character):
            images[index] = look.ink(track, side, name, index, margin=0.0)
            continue
        # An image is filled up to its margin, about its middle.
        box = ink_box(track)
        margin = np.clip((1 - np.ptp(box, axis=0).max()) / 2, 0.0, 0.4)
        image = look.ink(track, side, name, index, margin=float(margin))
        move = side * (box.mean(0) - 0.5)[::-1]
        images[index] = ndimage.shift(image, move, order=1, cval=255)
    return images
