"""An OpenType font (CFF) of the outlines of written characters."""

import dataclasses
import math
import re
from collections.abc import Mapping, Sequence

import numpy as np
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.ttLib import TTFont

from hwgen_keras.characters.sets import check_character
from hwgen_keras.errors import InputError
from hwgen_keras.vectors.features import feature_code
from hwgen_keras.vectors.outlines import Outline
from hwgen_keras.vectors.vertical import vertical_form, vertical_outline

# Units of the em, which the box of a character fills; its lower edge is below 0.
EM = 1000
ASCENT, DESCENT = 880, -120
# Lines are as far apart as those of a page of specimen: 1.3 em.
_LINE_GAP = 300
# Where letters and digits of KanjiVG stand, in the box, and the room beside their ink.
_BASELINE, _BEARING = 0.85, 0.06
# Bits of the OS/2 table: the code page of Shift JIS; regular, with typographic metrics.
_JIS, _REGULAR = 1 << 17, 1 << 6 | 1 << 7
_NOTDEF, _SPACES = ".notdef", {" ": 300, "\u3000": EM}


@dataclasses.dataclass(frozen=True, kw_only=True)
class FontNames:
    """What the name table of a font says; "" leaves an entry out.

    Args:
        family: name of the family, in any script.
        designer: whose hand it is.
        copyright: the notice.
        description: how the font was made, and after what.
        licence: the text that says what others may do with the font.
        licence_url: where that text is.
        version: two whole numbers with a dot between them.

    Raises:
        InputError: there is no family, or the version has another form.

    Example:
        >>> hw.FontNames(family="Hanako's Hand").postscript
        'HanakosHand-Regular'
    """

    family: str
    designer: str = ""
    copyright: str = ""
    description: str = ""
    licence: str = ""
    licence_url: str = ""
    version: str = "1.000"

    def __post_init__(self):
        if not self.family.strip():
            raise InputError("The font has no name; give its family one.")
        if not re.fullmatch(r"\d{1,4}\.\d{1,4}", self.version, re.ASCII):
            raise InputError(
                f"The font's version is {self.version!r}; write it as 1.000."
            )

    @property
    def postscript(self) -> str:
        """The name in ASCII that PostScript and PDF use."""
        letters = re.sub(r"[^A-Za-z0-9]", "", self.family)[:50]
        return f"{letters or 'Handwriting'}-Regular"


def build_font(glyphs: Mapping[str, Sequence[Outline]], names: FontNames) -> TTFont:
    """A font of written characters, for horizontal and vertical text.

    The box of a character is the em. ASCII is as wide as its ink and stands on the
    baseline; all else is one em wide. Characters with several outlines take them in
    turn (the feature `calt`). 、。 ー, brackets and small kana have forms for vertical
    text (`vert`).

    Args:
        glyphs: {character: its outlines}; characters with more than one all have the
            same number of them. Spaces are added.
        names: what the name table says.

    Returns:
        A `fontTools.ttLib.TTFont`, which its `save(path)` writes. It bears no date, so
        the same arguments give the same bytes.

    Raises:
        InputError: there is no character, or one has no outline or another number.

    Example:
        >>> one = hw.outline(hw.PenWriter(1).track("一"))
        >>> font = hw.build_font({"一": [one]}, hw.FontNames(family="One"))
        >>> font["head"].unitsPerEm, len(font.getBestCmap())  # with two spaces
        (1000, 3)
    """
    _check(glyphs)
    font = _Glyphs()
    for character, outlines in glyphs.items():
        font.add(character, outlines)
    return font.build(names)


def _check(glyphs):
    if not glyphs:
        raise InputError("A font needs at least one character; there is none.")
    for character, outlines in glyphs.items():
        check_character(character, "A character of the font")
        if not outlines:
            raise InputError(f"The character {character} has no outline; leave it out.")
    counts = {len(outlines) for outlines in glyphs.values()} - {1}
    if len(counts) > 1:
        raise InputError(
            f"Characters have {min(counts)} and {max(counts)} variants; give all that "
            "alternate the same number."
        )


class _Glyphs:
    """The glyphs of a font: charstrings, metrics, and what replaces what."""

    def __init__(self):
        self.charstrings, self.widths, self.bounds = {}, {}, {}
        self.cmap, self.variants, self.vertical = {}, {}, {}
        self._draw(_NOTDEF, _frame(), EM // 2)
        for space, width in _SPACES.items():
            self._draw(_name(space), Outline(()), width)
            self.cmap[ord(space)] = _name(space)

    def add(self, character, outlines):
        name = _name(character)
        self.cmap[ord(character)] = name
        forms = [name] + [f"{name}.alt{k}" for k in range(1, len(outlines))]
        if len(forms) > 1:
            self.variants[name] = forms
        for form, outline in zip(forms, outlines, strict=True):
            if character.isascii():
                self._draw(form, *_on_baseline(outline))
                continue
            self._draw(form, _in_em(outline), EM)
            if vertical_form(character) is not None:
                self.vertical[form] = f"{form}.vert"
                turned = vertical_outline(character, outline)
                self._draw(self.vertical[form], _in_em(turned), EM)

    def _draw(self, name, outline, width):
        """Adds a glyph; its outline is in font units, y up."""
        # Whole numbers, as in the file, so that the metrics are of the same curves.
        whole = Outline(tuple(np.round(contour) for contour in outline.contours))
        pen = T2CharStringPen(width, None)
        whole.draw(pen)
        self.charstrings[name] = pen.getCharString()
        self.widths[name] = width
        left, low, right, high = np.nan_to_num(whole.bounds)
        outwards = math.floor(left), math.floor(low), math.ceil(right), math.ceil(high)
        self.bounds[name] = outwards

    def build(self, names):
        """The font with all its tables."""
        builder = FontBuilder(EM, isTTF=False)
        builder.setupGlyphOrder(list(self.charstrings))
        builder.setupCharacterMap(self.cmap)
        top = {
            "FullName": names.family,
            "FamilyName": names.family,
            "Weight": "Regular",
        }
        # CFF has ASCII alone.
        top = {key: value for key, value in top.items() if value.isascii()}
        builder.setupCFF(names.postscript, top, self.charstrings, {})
        widths, bounds = self.widths, self.bounds
        builder.setupHorizontalMetrics({n: (widths[n], bounds[n][0]) for n in widths})
        builder.setupHorizontalHeader(ascent=ASCENT, descent=DESCENT, lineGap=_LINE_GAP)
        builder.setupVerticalMetrics({n: (EM, ASCENT - bounds[n][3]) for n in widths})
        builder.setupVerticalHeader(ascent=EM // 2, descent=-EM // 2)
        builder.setupVerticalOrigins({}, ASCENT)
        self._setup_names(builder, names)
        self._setup_os2(builder)
        builder.setupPost()
        # Without a date: 0 is the first second of 1904.
        builder.font.recalcTimestamp = False
        builder.updateHead(
            created=0, modified=0, fontRevision=float(names.version), flags=3
        )
        code = feature_code(self.variants, self.vertical, self._others())
        if code:
            builder.addOpenTypeFeatures(code)
        return builder.font

    def _others(self):
        """The glyphs of characters without variants."""
        return [name for name in self.cmap.values() if name not in self.variants]

    @staticmethod
    def _setup_names(builder, names):
        family = {"en": names.family}
        if not names.family.isascii():
            family["ja"] = names.family
        entries = {
            "copyright": names.copyright,
            "familyName": family,
            "styleName": "Regular",
            "uniqueFontIdentifier": f"{names.version};{names.postscript}",
            "fullName": family,
            "version": f"Version {names.version}",
            "psName": names.postscript,
            "designer": names.designer,
            "description": names.description,
            "licenseDescription": names.licence,
            "licenseInfoURL": names.licence_url,
        }
        given = {key: value for key, value in entries.items() if value}
        builder.setupNameTable(given, mac=False)

    def _setup_os2(self, builder):
        lowest = min(box[1] for box in self.bounds.values())
        highest = max(box[3] for box in self.bounds.values())
        builder.setupOS2(
            sTypoAscender=ASCENT,
            sTypoDescender=DESCENT,
            sTypoLineGap=_LINE_GAP,
            # Windows cuts off what is beyond.
            usWinAscent=max(ASCENT, highest),
            usWinDescent=max(-DESCENT, -lowest),
            sCapHeight=self._height("H"),
            sxHeight=self._height("x"),
            fsSelection=_REGULAR,
            achVendID="NONE",
            version=4,
            fsType=0,  # It may be embedded anywhere.
        )
        table = builder.font["OS/2"]
        table.recalcAvgCharWidth(builder.font)
        table.recalcUnicodeRanges(builder.font)
        table.recalcCodePageRanges(builder.font)
        if any(ord(character) in self.cmap for character in "あア一"):
            table.ulCodePageRange1 |= _JIS

    def _height(self, character):
        name = _name(character)
        return self.bounds[name][3] if name in self.bounds else 0


def _name(character):
    """The glyph of a character: uni3042, u2000B."""
    code = ord(character)
    return f"uni{code:04X}" if code < 0x10000 else f"u{code:X}"


def _in_em(outline):
    """An outline in font units, its box as the em."""
    return outline.transformed(EM * np.diag([1, -1]), (0, ASCENT))


def _on_baseline(outline):
    """An outline in font units as wide as its ink, and its advance width."""
    left, _, right, _ = np.nan_to_num(outline.bounds)
    shift = EM * (_BEARING - left), EM * _BASELINE
    width = round(EM * (right - left + 2 * _BEARING))
    return outline.transformed(EM * np.diag([1, -1]), shift), width


def _frame():
    """The glyph of a character that the font lacks: an empty frame."""
    contours = []
    for inset, step in ((0, 1), (40, -1)):
        low, right, high = 50 + inset, EM // 2 - 50 - inset, 700 - inset
        corners = [(low, inset), (right, inset), (right, high), (low, high)][::step]
        starts = np.array(corners, float)
        sides = np.roll(starts, -1, axis=0) - starts
        contours.append(starts[:, None] + sides[:, None] * np.arange(4)[:, None] / 3)
    return Outline(tuple(contours))
