"""Greys of pictures in colour, in which ink of any colour is told from paper."""

import numpy as np
from PIL import Image
from scipy import ndimage

# Pixels that are looked at to choose the greys, at most, about.
_LOOKED_AT = 40_000
# Difference of the channels from which on a picture is in colour.
_COLOUR = 24
# How much more contrast than the luminance a channel has that is taken instead.
_MORE = 1.5
# Rules: the least difference of their channels and brightness beside the paper's; the
# share of rows and columns that they fill; the least share of coloured pixels in these.
_VIVID, _BRIGHT, _FILLED, _IN_RULES = 50, 0.8, 0.4, 0.8
# Dark ink: its brightness beside the paper's, and its least share of the middle.
_DARK, _LEAST_INK = 0.55, 0.005


def greys_of(picture: Image.Image) -> np.ndarray:
    """Greys of a picture, uint8 (height, width).

    They are its luminance. If one channel has much more contrast between ink and
    paper, as with yellow or light blue ink, they are that channel. If ink is dark and
    all bright colours are in rules along rows and columns, these vanish.

    Args:
        picture: a PIL image of mode "RGB".
    """
    luminance = np.array(picture.convert("L"))
    colours = np.asarray(picture)
    step = max(1, round((luminance.size / _LOOKED_AT) ** 0.5))
    seen = colours[::step, ::step].astype(np.int16)
    spread = seen.max(-1) - seen.min(-1)
    if (spread > _COLOUR).mean() < 0.002:
        return luminance
    paper = np.median(seen, axis=(0, 1))
    if _has_rules(seen, spread, paper):
        return colours.max(-1)
    distance = np.abs(seen - paper).max(-1)
    most = np.percentile(distance, 99.5)
    ink = np.median(seen[distance >= 0.6 * max(most, 1)], axis=0)
    contrasts = np.abs(paper - ink)
    usual = abs(np.dot(paper - ink, (0.299, 0.587, 0.114)))
    channel = int(contrasts.argmax())
    if contrasts[channel] < _MORE * usual:
        return luminance
    return np.ascontiguousarray(colours[..., channel])


def _has_rules(seen, spread, paper):
    """Whether the ink is dark and all that is coloured are rules."""
    brightness = seen.max(-1) / max(1, paper.max())
    coloured = (spread > _VIVID) & (brightness > _BRIGHT)
    dark = brightness < _DARK
    height, width = dark.shape
    middle = dark[height // 5 : height - height // 5, width // 5 : width - width // 5]
    if not coloured.any() or middle.mean() < _LEAST_INK:
        return False
    # A rule that is turned a little goes through some rows.
    rows = ndimage.maximum_filter1d(coloured, 3, axis=0).mean(1) >= _FILLED
    columns = ndimage.maximum_filter1d(coloured, 3, axis=1).mean(0) >= _FILLED
    return coloured[rows[:, None] | columns].sum() >= _IN_RULES * coloured.sum()
