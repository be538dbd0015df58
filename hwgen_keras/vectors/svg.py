"""SVG pictures of written characters, still or in the order of writing."""

import xml.etree.ElementTree as ElementTree
import zlib

import numpy as np
from fontTools.pens.svgPathPen import SVGPathPen

from hwgen_keras.errors import check_number
from hwgen_keras.sources import Track
from hwgen_keras.vectors.bodies import UNITS, runs
from hwgen_keras.vectors.outlines import Outline, outline

# A pen on the paper moves so many units a second, and a lifted one faster.
_PACE, _HASTE = 4.0 * UNITS, 2.0
_STYLE = """
.pen{animation:pen linear backwards}
@keyframes pen{from{stroke-dashoffset:1.02}to{stroke-dashoffset:0}}
@media(prefers-reduced-motion:reduce){.pen{animation:none}}
"""


def track_svg(
    track: Track,
    seconds: float | None = None,
    tolerance: float = 0.0015,
    animated: bool = False,
) -> str:
    """A written character as an SVG picture, whose title is the character.

    Args:
        track: a `Track`.
        seconds: the time in which the picture is written, which is animated then; None:
            of an animated one that of a pen that writes four boxes' sides a second.
        tolerance: of `hw.outline`.
        animated: False: a still picture, one filled path, unless there are `seconds`.
            True: the picture is written stroke by stroke, once it is shown (CSS, no
            script). Programs that know no animation show the whole character, and so do
            browsers that are asked to reduce motion.

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
    if seconds is None and not animated:
        ElementTree.SubElement(root, "path", d=path_data(whole))
    else:
        if seconds is None:
            seconds = pen_seconds(track)
        else:
            words = "a time from 0.01 to 3600 seconds"
            check_number(seconds, "seconds", words, least=0.01, most=3600)
        add_style(root)
        animate(root, track, 0.0, seconds, tolerance)
    return ElementTree.tostring(root, encoding="unicode")


def path_data(outline: Outline, scale: float = UNITS) -> str:
    """The attribute `d` of a path: the outline times `scale`, to a tenth."""
    pen = SVGPathPen(None, ntos=lambda number: f"{round(float(number), 1):g}")
    outline.transformed(scale).draw(pen)
    return pen.getCommands()


def add_style(root):
    """Adds the style of what `animate` adds to an element of SVG."""
    ElementTree.SubElement(root, "style").text = _STYLE


def pen_seconds(track: Track) -> float:
    """The seconds in which a pen writes a track."""
    _, ends = _times(_written(track))
    return float(ends[-1] / _PACE) if len(ends) else 0.0


def animate(parent, track, begin, seconds, tolerance):
    """Adds for each run of the pen its body, which a broad pen uncovers in its time.

    Args:
        parent: an element of SVG, in whose units the box of a character has the side
            `UNITS`; see `add_style`.
        track: a `Track`.
        begin, seconds: when its writing begins, and how long it takes.
        tolerance: of `hw.outline`.
    """
    # Pictures that stand in one page must not share names.
    name = f"{zlib.crc32(track.points.tobytes() + track.radii.tobytes()):08x}"
    written = _written(track)
    starts, ends = _times(written)
    if len(ends):
        starts, ends = (begin + seconds * t / ends[-1] for t in (starts, ends))
    for number, ((points, radii), start, end) in enumerate(
        zip(written, starts, ends, strict=True)
    ):
        single = Track(track.character, points[None] / UNITS, radii[None] / UNITS)
        clip = ElementTree.SubElement(parent, "clipPath", id=f"{name}-{number}")
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
        ElementTree.SubElement(parent, "path", attributes)


def _written(track):
    """Points and radii of each run of the pen, in units."""
    lines = zip(track.points, track.radii, strict=True)
    return [_as_line(*run) for line in lines for run in runs(*line)]


def _as_line(points, radii):
    """A run of the pen, a dot as a line so short that nobody sees it."""
    if len(points) > 1:
        return points, radii
    return points + np.array([[0.0, 0.0], [0.1, 0.0]]), np.repeat(radii, 2)


def _times(written):
    """When each run begins and ends, if the pen moves a unit in a unit of time.

    A dot takes as long as its width.
    """
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
    return ends - lengths, ends
