"""SVG pictures of written characters, still or in the order of writing."""

import xml.etree.ElementTree as ElementTree
import zlib

import numpy as np
from fontTools.pens.svgPathPen import SVGPathPen

from hwgen_keras.errors import check_number
from hwgen_keras.sources import Track
from hwgen_keras.vectors.bodies import UNITS, runs
from hwgen_keras.vectors.outlines import Outline, outline

# A lifted pen moves faster than one on the paper.
_HASTE = 2.0
_STYLE = """
.pen{animation:pen linear backwards}
@keyframes pen{from{stroke-dashoffset:1.02}to{stroke-dashoffset:0}}
@media(prefers-reduced-motion:reduce){.pen{animation:none}}
"""


def track_svg(
    track: Track, seconds: float | None = None, tolerance: float = 0.0015
) -> str:
    """A written character as an SVG picture, whose title is the character.

    Args:
        track: a `Track`.
        seconds: None: a still picture, one filled path. A number: the picture is
            written in that time, stroke by stroke, once it is shown (CSS, no script).
            Programs that know no animation show the whole character, and so do
            browsers that are asked to reduce motion.
        tolerance: of `hw.outline`.

    Returns:
        An XML document whose picture is the character's box, larger if ink leaves it.

    Raises:
        InputError: as `hw.outline`, or the seconds are not a number from 0.01 to 3600.

    Example:
        >>> picture = hw.track_svg(hw.PenWriter(1).track("一"))
        >>> picture[:5], "<title>一</title>" in picture
        ('<svg ', True)
    """
    whole = outline(track, tolerance)
    low, high = np.zeros(2), np.full(2, float(UNITS))
    if whole.contours:
        edges = np.round(whole.bounds * UNITS)
        low, high = np.minimum(low, edges[:2]), np.maximum(high, edges[2:])
    box = " ".join(f"{number:g}" for number in (*low, *(high - low)))
    # Not as a namespace of ElementTree, which would give each name a prefix.
    root = ElementTree.Element("svg", xmlns="http://www.w3.org/2000/svg", viewBox=box)
    ElementTree.SubElement(root, "title").text = track.character
    if seconds is None:
        ElementTree.SubElement(root, "path", d=path_data(whole))
    else:
        words = "a time from 0.01 to 3600 seconds"
        check_number(seconds, "seconds", words, least=0.01, most=3600)
        _animate(root, track, seconds, tolerance)
    return ElementTree.tostring(root, encoding="unicode")


def path_data(outline: Outline, scale: float = UNITS) -> str:
    """The attribute `d` of a path: the outline times `scale`, to a tenth."""
    pen = SVGPathPen(None, ntos=lambda number: f"{round(float(number), 1):g}")
    outline.transformed(scale).draw(pen)
    return pen.getCommands()


def _animate(root, track, seconds, tolerance):
    """Adds for each run of the pen its body, which a broad pen uncovers in its time."""
    ElementTree.SubElement(root, "style").text = _STYLE
    # Pictures that stand in one page must not share names.
    name = f"{zlib.crc32(track.points.tobytes() + track.radii.tobytes()):08x}"
    written = []
    for line, width in zip(track.points, track.radii, strict=True):
        written += [_as_line(*run) for run in runs(line, width)]
    starts, ends = _times(written, seconds)
    for number, ((points, radii), start, end) in enumerate(
        zip(written, starts, ends, strict=True)
    ):
        single = Track(track.character, points[None] / UNITS, radii[None] / UNITS)
        clip = ElementTree.SubElement(root, "clipPath", id=f"{name}-{number}")
        data = path_data(outline(single, tolerance))
        ElementTree.SubElement(clip, "path", d=data)
        attributes = {
            "class": "pen",
            "d": "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in points),
            "clip-path": f"url(#{name}-{number})",
            "fill": "none",
            "stroke": "currentColor",
            "stroke-width": f"{2.1 * radii.max():.1f}",
            "stroke-linecap": "round",
            "stroke-linejoin": "round",
            "pathLength": "1",
            "stroke-dasharray": "1 2",
            "style": f"animation-delay:{start:.3f}s;"
            f"animation-duration:{end - start:.3f}s",
        }
        ElementTree.SubElement(root, "path", attributes)


def _as_line(points, radii):
    """A run of the pen, a dot as a line so short that nobody sees it."""
    if len(points) > 1:
        return points, radii
    return points + np.array([[0.0, 0.0], [0.1, 0.0]]), np.repeat(radii, 2)


def _times(written, seconds):
    """When each run begins and ends, in seconds; a dot takes as long as its width."""
    lengths = np.array(
        [
            np.hypot(*np.diff(points, axis=0).T).sum() + 2 * radii.mean()
            for points, radii in written
        ]
    )
    gaps = np.array(
        [
            np.hypot(*(after[0][0] - before[0][-1])) / _HASTE
            for before, after in zip(written[:-1], written[1:], strict=True)
        ]
    )
    ends = np.cumsum(lengths) + np.concatenate([[0.0], np.cumsum(gaps)])[: len(lengths)]
    scale = seconds / ends[-1] if len(ends) else 1.0
    return (ends - lengths) * scale, ends * scale
