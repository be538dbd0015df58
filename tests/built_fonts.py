"""Small fonts with outlines of known sizes and faults."""

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

TOFU = (100, 0, 800, 700)
TALL, FULL, SMALL = (400, -120, 600, 880), (0, -120, 1000, 880), (100, -20, 500, 280)


def write_font(file, shapes, family="Tiny", version="Version 1.000", **names):
    """A font whose glyphs are rectangles.

    Args:
        file: a path or file.
        shapes: {character: (left, bottom, right, top) of 1000 an em, or None: blank}.
        family, version: of the name table; a family may be {language: name}.
        names: more of the name table, such as `licenseDescription`.
    """
    boxes = {".notdef": TOFU, **{f"u{ord(c):x}": box for c, box in shapes.items()}}
    builder = FontBuilder(1000)
    builder.setupGlyphOrder(list(boxes))
    builder.setupCharacterMap({ord(c): f"u{ord(c):x}" for c in shapes})
    builder.setupGlyf({name: _rectangle(box) for name, box in boxes.items()})
    builder.setupHorizontalMetrics(
        {name: (1000, box[0] if box else 0) for name, box in boxes.items()}
    )
    builder.setupHorizontalHeader(ascent=880, descent=-120)
    builder.setupNameTable(
        {"familyName": family, "styleName": "Regular", "version": version} | names
    )
    builder.setupOS2(sTypoAscender=880, sTypoDescender=-120, usWeightClass=300)
    builder.setupPost()
    builder.save(file)
    return file


def build_font(file, family="Tiny", version="Version 1.000"):
    """A font with a tall い, a tofu う, a blank え, a full お, and a small っ."""
    shapes = {"い": TALL, "う": TOFU, "え": None, "お": FULL, "っ": SMALL}
    return write_font(file, shapes, family, version)


def _rectangle(box):
    pen = TTGlyphPen(None)
    if box:
        left, bottom, right, top = box
        pen.moveTo((left, bottom))
        for corner in ((left, top), (right, top), (right, bottom)):
            pen.lineTo(corner)
        pen.closePath()
    return pen.glyph()
