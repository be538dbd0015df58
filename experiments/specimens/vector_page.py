"""Pages of written characters as vectors, where the writer gives tracks."""

import itertools
import math
import xml.etree.ElementTree as ElementTree

import numpy as np
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.path import Path

from hwgen_keras.files import complete_file
from hwgen_keras.vectors import outline, vertical_move
from hwgen_keras.vectors.bodies import UNITS
from hwgen_keras.vectors.svg import add_style, animate, path_data, pen_seconds

from .page import IMAGE, MM_PER_INCH, unevenness

# What --tolerance of make_font is for fonts, in boxes.
_TOLERANCE = 0.0015
# Units of an SVG in a mm: tenths of them are finer than a printer.
_UNIT = 100
# Seconds from one character to the next.
_BETWEEN = 0.15


def draw_vector_pages(grid, text, places, tracks, seed=0, jitter=1.0):
    """Pages as lists of the outlines of their characters, in mm from the upper left.

    Args:
        grid, text, places, seed, jitter: as of `draw_pages`.
        tracks: {index in the text: `Track`}, sized for it (`in_text`), each in its
            box, as in horizontal writing.
    """
    pages = [[] for _ in range(1 + max((place.page for place in places), default=0))]
    for place in places:
        if place.index in tracks:
            shape = outline(tracks[place.index], _TOLERANCE)
            move = _move(grid, text, place, shape, seed, jitter)
            pages[place.page].append(shape.transformed(*move))
    return pages


def save_animated_page(path, grid, text, places, tracks, seed=0, jitter=1.0):
    """Writes a page as an SVG that is written stroke by stroke; it bears no date.

    Args:
        path: of the file.
        grid, text, places, tracks, seed, jitter: see `draw_vector_pages`.
    """
    root, begin = _root(grid), 0.0
    add_style(root)
    for place in places:
        if place.index not in tracks:
            continue
        track = tracks[place.index]
        shape = outline(track, _TOLERANCE)
        matrix, shift = _move(grid, text, place, shape, seed, jitter)
        numbers = [*(matrix.T * _UNIT / UNITS).ravel(), *(shift * _UNIT)]
        moved = "matrix({})".format(" ".join(f"{number:.5g}" for number in numbers))
        group = ElementTree.SubElement(root, "g", transform=moved)
        ElementTree.SubElement(group, "title").text = track.character
        seconds = pen_seconds(track)
        animate(group, track, begin, seconds, _TOLERANCE)
        begin += seconds + _BETWEEN
    with complete_file(path) as partial:
        partial.write_text(ElementTree.tostring(root, encoding="unicode"), "utf-8")


def _move(grid, text, place, shape, seed, jitter):
    """The matrix and the shift from the box of a character to its place in mm."""
    shift, turn, growth = unevenness(seed, place.index, jitter)
    cosine, sine = math.cos(math.radians(turn)), math.sin(math.radians(turn))
    # Against the clock where y points down.
    matrix = np.array([[cosine, sine], [-sine, cosine]])
    matrix = matrix * grid.cell * IMAGE * growth
    centre = np.array(grid.centre(place.line, place.position)) + grid.cell * shift
    corner = centre - matrix @ (0.5, 0.5)
    if not grid.vertical:
        return matrix, corner
    vertical, moved = vertical_move(text[place.index], shape)
    return matrix @ vertical, matrix @ moved + corner


def save_vector_pages(path, pages, grid):
    """Writes pages as a PDF, or a single page as an SVG; neither bears a date."""
    with complete_file(path) as partial:
        if partial.suffix.lower() == ".svg":
            partial.write_text(_svg(pages[0], grid), "utf-8")
            return
        metadata = {"CreationDate": None}
        with PdfPages(partial, metadata=metadata) as pdf:
            for outlines in pages:
                pdf.savefig(_figure(outlines, grid))


def _svg(outlines, grid):
    root = _root(grid)
    for shape in outlines:
        ElementTree.SubElement(root, "path", d=path_data(shape, _UNIT))
    return ElementTree.tostring(root, encoding="unicode")


def _root(grid):
    width, height = grid.page
    return ElementTree.Element(
        "svg",
        xmlns="http://www.w3.org/2000/svg",
        width=f"{width:g}mm",
        height=f"{height:g}mm",
        viewBox=f"0 0 {_UNIT * width:g} {_UNIT * height:g}",
    )


def _figure(outlines, grid):
    """A figure of matplotlib of the size of the page."""
    width, height = grid.page
    figure = Figure((width / MM_PER_INCH, height / MM_PER_INCH))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, width), ylim=(height, 0))
    axes.set_axis_off()
    for shape in outlines:
        if shape.contours:
            axes.add_patch(PathPatch(_path(shape), facecolor="black", linewidth=0))
    return figure


def _path(shape):
    """An outline as a path of matplotlib, all contours in one, so that holes are."""
    points, codes = [], []
    for contour in shape.contours:
        following = contour[:, 1:].reshape(-1, 2)
        points += [contour[:1, 0], following, contour[:1, 0]]
        codes += [[Path.MOVETO], [Path.CURVE4] * len(following), [Path.CLOSEPOLY]]
    return Path(np.concatenate(points), list(itertools.chain(*codes)))
