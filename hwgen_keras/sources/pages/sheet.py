"""Draws a practice sheet as vectors (PDF) or as pixels."""

import functools
from typing import Any

import matplotlib
import numpy as np
from fontTools.pens.basePen import BasePen
from fontTools.ttLib import TTFont
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure
from matplotlib.patches import Circle, PathPatch, Rectangle
from matplotlib.path import Path
from tqdm import tqdm

from hwgen_keras.errors import InputError
from hwgen_keras.files import complete_file
from hwgen_keras.sources.pages import layout as geometry

# Lighter than pens and pencils, yet visible from a poor printer.
BOX_GREY, MODEL_GREY, TEXT_GREY = "0.75", "0.55", "0.45"
_LINE_WIDTH = 0.25  # mm
_MODEL_SIZE = 5.0  # mm an em
_EM_TOP = 0.88  # share of the em box above the baseline
_ABOVE_BOX = 1.2  # mm; the reader crops a cell with this border around its box
_POINTS_PER_MM = 72 / 25.4
_ADVICE = (
    "One character in each box; dark pen or soft pencil. Photograph the page flat, "
    "from above, with all four corner marks."
)


def choose_fonts(fonts, characters):
    """{character: the first `Font` of a list that has it}.

    Raises:
        InputError: no font has a character.
    """
    chosen = {
        character: next((font for font in fonts if font.covers(character)), None)
        for character in characters
    }
    missing = [character for character, font in chosen.items() if font is None]
    if missing:
        names = ", ".join(font.name for font in fonts[:3])
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise InputError(
            f"No glyph of {'、'.join(missing[:5])}{more} in the font {names}; give "
            "--fonts a font that has them, or leave them out of --characters."
        )
    return chosen


def write_sheet(path, layout, fonts, progress=True):
    """Writes all pages as a PDF of vectors that appears only when it is complete.

    The model characters are outlines, so that a printer needs no font.

    Args:
        path: the PDF to write.
        layout: a `Layout`.
        fonts: dict {character: Font} from `choose_fonts`.
        progress: whether to show a progress bar.
    """
    information = {"Title": "Practice sheet", "CreationDate": None}
    pages = range(1, len(layout.pages) + 1)
    with (
        complete_file(path) as partial,
        matplotlib.rc_context({"pdf.fonttype": 42}),
        PdfPages(partial, metadata=information) as pdf,
    ):
        for page in tqdm(pages, unit="page", desc="sheet", disable=not progress):
            pdf.savefig(draw_page(layout, page, fonts))


def page_pixels(layout, page, fonts, dpi=254):
    """One page as a perfect print and scan: uint8 array (height, width).

    Args:
        layout, fonts: as for `write_sheet`.
        page: number of the page, from 1.
        dpi: pixels per inch; 254 are 10 per mm.
    """
    canvas = FigureCanvasAgg(draw_page(layout, page, fonts))
    canvas.figure.set_dpi(dpi)
    canvas.draw()
    return np.array(canvas.buffer_rgba())[..., 0]


def draw_page(layout, page, fonts):
    """One page as a matplotlib figure; see `page_pixels`."""
    size = geometry.PAGE_WIDTH / 25.4, geometry.PAGE_HEIGHT / 25.4
    figure = Figure(figsize=size, facecolor="white")
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, geometry.PAGE_WIDTH), ylim=(geometry.PAGE_HEIGHT, 0))
    axes.set_axis_off()
    for x, y in geometry.MARKS:
        for sevenths, colour in ((7, "black"), (5, "white"), (3, "black")):
            radius = geometry.MARK_DIAMETER / 2 * sevenths / 7
            axes.add_patch(Circle((x, y), radius, facecolor=colour, edgecolor="none"))
    for x, y in geometry.TICKS - geometry.TICK_SIDE / 2:
        _fill(axes, x, y, geometry.TICK_SIDE, geometry.TICK_SIDE)
    for module in np.flatnonzero(geometry.encode_page(layout.identity, page)):
        x = geometry.CODE_LEFT + geometry.MODULE_WIDTH * module
        # Slightly wider, so that no white line shows between two black modules.
        width = geometry.MODULE_WIDTH + 0.02
        _fill(axes, x, geometry.CODE_TOP, width, geometry.MODULE_HEIGHT)
    number = f"{page} / {len(layout.pages)} · sheet {layout.identity:04x}"
    text: dict[str, Any] = {"color": TEXT_GREY, "verticalalignment": "center"}
    axes.text(23, 26.5, _ADVICE, fontsize=6, **text)
    axes.text(187, 26.5, number, fontsize=8, horizontalalignment="right", **text)
    for cell in layout.cells(page):
        _draw_cell(axes, cell, layout.box, fonts[cell.character])
    return figure


def _fill(axes, left, top, width, height):
    axes.add_patch(
        Rectangle((left, top), width, height, facecolor="black", edgecolor="none")
    )


def _draw_cell(axes, cell, box, font):
    rectangle = Rectangle((cell.left, cell.top), box, box, fill=False)
    rectangle.set(edgecolor=BOX_GREY, linewidth=_LINE_WIDTH * _POINTS_PER_MM)
    axes.add_patch(rectangle)
    outline, width = _outline(font.path, font.index, cell.character)
    if not len(outline.vertices):
        return
    origin = np.array([cell.left + (box - width * _MODEL_SIZE) / 2, cell.top])
    origin[1] -= _ABOVE_BOX + (1 - _EM_TOP) * _MODEL_SIZE
    vertices = outline.vertices * (_MODEL_SIZE, -_MODEL_SIZE) + origin
    axes.add_patch(
        PathPatch(Path(vertices, outline.codes), facecolor=MODEL_GREY, edgecolor="none")
    )


class _OutlinePen(BasePen):
    """Collects an outline as the vertices and codes of a matplotlib path."""

    def __init__(self, glyphs):
        super().__init__(glyphs)
        self.vertices, self.codes = [], []

    def _add(self, code, *points):
        self.vertices += points
        self.codes += [code] * len(points)

    def _moveTo(self, point):
        self._add(Path.MOVETO, point)

    def _lineTo(self, point):
        self._add(Path.LINETO, point)

    def _curveToOne(self, first, second, end):
        self._add(Path.CURVE4, first, second, end)

    def _qCurveToOne(self, control, end):
        self._add(Path.CURVE3, control, end)

    def _closePath(self):
        self._add(Path.CLOSEPOLY, self.vertices[-1])


@functools.lru_cache(maxsize=8)
def _opened(path, index):
    # Not lazily: the cache would keep the file open.
    font = TTFont(path, fontNumber=index, lazy=False)
    return font.getGlyphSet(), font.getBestCmap(), font["head"].unitsPerEm


def _outline(path, index, character):
    """Outline of a glyph with y up, and its advance width, in em."""
    glyphs, cmap, units = _opened(path, index)
    glyph = glyphs[cmap[ord(character)]]
    pen = _OutlinePen(glyphs)
    glyph.draw(pen)
    vertices = np.array(pen.vertices, float).reshape(-1, 2) / units
    return Path(vertices, pen.codes), glyph.width / units
