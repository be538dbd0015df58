"""Pictures of samples beside their tracks, strokes in colours and with numbers."""

import numpy as np
from PIL import Image, ImageDraw

from hwgen_keras.characters import kanjivg
from hwgen_keras.evaluation import captioned_grid
from hwgen_keras.files import complete_file
from hwgen_keras.sources.strokes import strokes

from .parts import REMARKS

_CELL, _COLUMNS, _MOST = 120, 12, 72
_COLOURS = (
    *("#d62728", "#1f77b4", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b"),
    *("#e377c2", "#17a0b0", "#7f7f7f", "#a8a800"),
)
_WAY, _LEFT_OUT = "#000000", "#d0d0d0"


def write_sheets(folder, samples, store, record):
    """Writes pictures of matched samples, and of refused ones.

    Matched: what was written, its strokes in the order of writing, and the track, in
    the order of KanjiVG; ways with ink are black, strokes that were left out grey.
    Refused: what was written, and KanjiVG's strokes.

    Args:
        folder: for the pictures.
        samples: list of `OnlineSample`.
        store: the `StrokeStore`, with the matched ones first.
        record: of `match`.
    """
    tracks = {number: index for index, number in enumerate(record["matched"])}
    # Half of the pictures are of samples that were not written stroke by stroke.
    remarkable = set().union(*(record[remark] for remark in REMARKS))
    first = _spread([n for n in tracks if n in remarkable], _MOST // 2)
    others = _spread([n for n in tracks if n not in remarkable], _MOST - len(first))
    cells = []
    for number in [*first, *others]:
        sample = samples[number]
        track = store.track(tracks[number])
        cells += [(_caption(sample), _draw(_boxed(sample.strokes)))]
        cells += [("", _draw_track(track))]
    _save(folder / "matched.png", cells)
    cells = []
    for number in _spread([number for number, _ in record["refused"]], _MOST):
        sample = samples[number]
        known = kanjivg.has_character(sample.character)
        cells += [(_caption(sample), _draw(_boxed(sample.strokes)))]
        cells += [("", _draw(strokes(sample.character)) if known else None)]
    _save(folder / "refused.png", cells)


def _spread(values, count):
    """At most `count` of the values, evenly from all of them."""
    places = np.linspace(0, len(values) - 1, min(count, len(values)))
    return [values[place] for place in np.unique(places.astype(int))]


def _caption(sample):
    return f"{sample.character} {sample.writer}"


def _save(path, cells):
    if cells:
        with complete_file(path) as partial:
            captioned_grid(cells, _COLUMNS, _CELL).save(partial)


def _boxed(lines):
    """Lines moved and scaled into the middle of the box."""
    points = np.concatenate(lines)
    low, high = points.min(0), points.max(0)
    scale = 0.85 / max((high - low).max(), 1e-9)
    return [0.5 + (line - (low + high) / 2) * scale for line in lines]


def _draw_track(track):
    track = track.filling()
    lines = list(track.strokes)
    ways = [
        points[np.append(inked, False) | np.insert(inked, 0, False)]
        for points, inked in zip(track.ways, track.inked[1::2], strict=True)
        if inked.any()
    ]
    colours = [
        _COLOURS[i % len(_COLOURS)] if written else _LEFT_OUT
        for i, written in enumerate(track.written)
    ]
    return _draw(lines, colours, ways, track.inked[::2])


def _draw(lines, colours=_COLOURS, ways=(), inked=None):
    """uint8 (cell, cell, 3): lines in colours with numbers at their beginnings."""
    image = Image.new("RGB", (_CELL, _CELL), "white")
    pen = ImageDraw.Draw(image)
    for i, line in enumerate(lines):
        colour, pixels = colours[i % len(colours)], _CELL * np.asarray(line)
        gone = None if inked is None or not inked[i].any() else ~inked[i]
        for k, ends in enumerate(np.stack([pixels[:-1], pixels[1:]], axis=1)):
            if gone is None or not gone[k]:
                pen.line([tuple(end) for end in ends], fill=colour, width=2)
        x, y = pixels[0]
        pen.ellipse((x - 2, y - 2, x + 2, y + 2), fill=colour)
        pen.text((x + 2, y - 11), str(i + 1), fill=colour)
    for line in ways:
        pen.line([tuple(end) for end in _CELL * line], fill=_WAY, width=2)
    return np.asarray(image)
