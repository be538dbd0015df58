"""Glyphs of TrueType and OpenType fonts as images."""

import contextlib
import dataclasses
import functools
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import warnings

import numpy as np
from fontTools.ttLib import TTFont, TTLibError
from PIL import Image, ImageChops, ImageDraw, ImageFont

from hwgen_keras.errors import InputError
from hwgen_keras.sources.images import check_layout, keeps_place, place_in_square

EXTENSIONS = (".ttf", ".otf", ".ttc", ".otc")
HIRAGANA = tuple(
    "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわをん"
)
# A glyph is drawn at this many times the size wanted, then reduced.
_SUPERSAMPLING = 3
# Size in pixels at which a glyph is compared with the font's .notdef.
_TEST_SIZE = 64
# Darker than this in the mean, no strokes can be told apart.
_FULLEST = 0.9
_BROKEN = (OSError, TTLibError, struct.error, AssertionError, ValueError)
_BROKEN += (KeyError, IndexError, OverflowError, AttributeError)


@dataclasses.dataclass(frozen=True)
class Font:
    """One face of a font file. Small, hashable and picklable: files open lazily.

    Attributes:
        path: the font file.
        index: number of the face in a collection, 0 in a plain font.
        name: family and style; unique among what `find_fonts` returns.
    """

    path: str
    index: int
    name: str

    def covers(self, character):
        """Whether the font truly draws `character`.

        The character must be in the cmap, its outline must not be blank, and it must
        not be the outline of .notdef, with which fonts stand in for what they lack.
        """
        return _covers(self, character)

    def render(self, character, image_size, margin=0.08):
        """Draws one character, filling the square, centred, aspect ratio kept.

        Small kana, punctuation and lower-case letters keep their size and place in
        the em box instead.

        Args:
            character: a string of one character.
            image_size: side of the square in pixels, at least 8.
            margin: empty border on each side as a fraction of the side, in [0, 0.4].

        Returns:
            uint8 array (image_size, image_size), 0 ink, 255 paper.

        Raises:
            InputError: the font lacks the character, its outline is blank or fills
                the box, or the file is damaged.
        """
        check_layout(image_size, margin)
        if not self.covers(character):
            raise InputError(
                f"The font {self.path} ({self.name}) lacks the character "
                f"{character!r}; leave one of the two out."
            )
        pixels = _SUPERSAMPLING * image_size
        ink, (left, top) = _draw(self, character, pixels)
        if keeps_place(character):
            ink = _in_em_box(self, character, ink, left, top, pixels)
        image = place_in_square(ink, image_size, margin)
        if (255 - image).mean() > _FULLEST * 255 * (1 - 2 * margin) ** 2:
            raise InputError(
                f"The font {self.path} ({self.name}) draws {character!r} as an almost "
                "full box; leave one of the two out."
            )
        return image


def find_fonts(paths):
    """All faces of the fonts in files and folders, each once.

    Args:
        paths: a file or folder, or a list of them. Folders are searched to any depth
            for .ttf, .otf, .ttc and .otc files.

    Returns:
        list of `Font`, in the order of `paths`, within a folder by file name. Of
        faces with the same family, style and version the first is kept.

    Raises:
        InputError: a path does not exist, a file is not a readable font, or a folder
            holds no font.
    """
    if isinstance(paths, str | os.PathLike):
        paths = [paths]
    files = [file for path in paths for file in _font_files(pathlib.Path(path))]
    return _unique([face for file in files for face in _faces(file)])


def system_fonts():
    """The installed fonts that cover hiragana.

    Found by fontconfig's `fc-list`, or without it in the usual folders of the
    operating system. A font that cannot be read is left out with a warning.

    Returns:
        list of `Font`, by file name; empty if there is none.
    """
    faces = []
    for file in _installed_files():
        try:
            faces += _faces(file)
        except InputError as error:
            warnings.warn(str(error), stacklevel=2)
    return [font for font in _unique(faces) if all(map(font.covers, HIRAGANA))]


def _font_files(path):
    if path.is_dir():
        # Hidden files are skipped: macOS leaves `._name.ttf`, which are no fonts.
        files = sorted(
            file
            for file in path.rglob("*")
            if file.suffix.lower() in EXTENSIONS and not file.name.startswith(".")
        )
        if not files:
            raise InputError(
                f"The folder {path} holds no font; put .ttf, .otf, .ttc or .otc "
                "files there."
            )
        return files
    if not path.exists():
        raise InputError(f"The font {path} does not exist; check the path.")
    return [path]


def _installed_files():
    if shutil.which("fc-list"):
        command = ["fc-list", "--format=%{file}\n", ":charset=3042"]
        listed = subprocess.run(command, capture_output=True, text=True, check=True)
        files = {pathlib.Path(line) for line in listed.stdout.splitlines()}
        return sorted(file for file in files if file.suffix.lower() in EXTENSIONS)
    home = pathlib.Path.home()
    folders = {
        "darwin": ["/System/Library/Fonts", "/Library/Fonts", home / "Library/Fonts"],
        "win32": [pathlib.Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts"],
    }.get(
        sys.platform,
        ["/usr/share/fonts", "/usr/local/share/fonts"]
        + [home / ".fonts", home / ".local/share/fonts"],
    )
    return sorted(
        file
        for folder in folders
        for file in pathlib.Path(folder).rglob("*")
        if file.suffix.lower() in EXTENSIONS and not file.name.startswith(".")
    )


@contextlib.contextmanager
def _open(path, index):
    # TTFont, given a name, leaves the file open when it fails.
    with open(path, "rb") as opened, TTFont(opened, fontNumber=index, lazy=True) as f:
        yield f


def _faces(file):
    """(path, index, name, version) of each face in a font file."""
    size = file.stat().st_size if file.is_file() else 0
    if size == 0:
        raise InputError(f"The font {file} is empty (0 bytes); replace or remove it.")
    try:
        with open(file, "rb") as opened:
            start = opened.read(12)
        count = struct.unpack(">L", start[8:])[0] if start[:4] == b"ttcf" else 1
        if count == 0:
            raise TTLibError("the collection holds no face")
        return [_face(file, index, size) for index in range(count)]
    except _BROKEN as error:
        raise InputError(
            f"{file} is not a readable font ({error}); replace or remove it."
        ) from None


def _face(file, index, size):
    with _open(file, index) as font:
        reader = font.reader
        if any(t.offset + t.length > size for t in reader.tables.values()):
            raise TTLibError("the file is cut short")
        family = font["name"].getBestFamilyName() or file.stem
        style = font["name"].getBestSubFamilyName() or "Regular"
        version = font["name"].getDebugName(5) or ""
        if not font.getBestCmap():
            raise TTLibError("it maps no characters")
    ImageFont.truetype(str(file), 16, index, layout_engine=ImageFont.Layout.BASIC)
    return str(file), index, " ".join(f"{family} {style}".split()), version


def _unique(faces):
    fonts, seen, names = [], set(), set()
    for path, index, name, version in faces:
        if (name, version) in seen:
            continue
        seen.add((name, version))
        if name in names:
            # Two versions of one font may look different; keep their names apart.
            name = f"{name} {' '.join(version.split())}"
        names.add(name)
        fonts.append(Font(path, index, name))
    return fonts


@functools.lru_cache(maxsize=256)
def _freetype(path, index, pixels):
    try:
        return ImageFont.truetype(
            path, pixels, index, layout_engine=ImageFont.Layout.BASIC
        )
    except OSError as error:
        raise InputError(
            f"The font {path} cannot be opened ({error}); replace or remove it."
        ) from None


@functools.lru_cache(maxsize=256)
def _tables(path, index):
    """Mapped code points, and the em box's (top, bottom) above the baseline in em."""
    try:
        with _open(path, index) as font:
            cmap = font.getBestCmap() or {}
            mapped = frozenset(c for c, glyph in cmap.items() if glyph != ".notdef")
            # Read raw, since fontTools warns of odd dates when it parses this table.
            (units,) = struct.unpack_from(">H", font.reader["head"], 18)
            top, bottom = 0.88, -0.12
            if "OS/2" in font:
                typographic = font["OS/2"]
                ascender = typographic.sTypoAscender / units
                descender = typographic.sTypoDescender / units
                # Only when they span one em do they mean the em box.
                if abs(ascender - descender - 1) < 0.01:
                    top, bottom = ascender, descender
    except _BROKEN as error:
        raise InputError(
            f"{path} is not a readable font ({error}); replace or remove it."
        ) from None
    return mapped, (top, bottom)


@functools.lru_cache(maxsize=256)
def _notdef(font):
    """What the font draws for a character that it lacks."""
    mapped, _ = _tables(font.path, font.index)
    unmapped = next(c for c in range(0x10FFFF, 0, -1) if c not in mapped)
    return _draw(font, chr(unmapped), _TEST_SIZE)


@functools.lru_cache(maxsize=1 << 17)
def _covers(font, character):
    mapped, _ = _tables(font.path, font.index)
    if len(character) != 1 or ord(character) not in mapped:
        return False
    ink, place = _draw(font, character, _TEST_SIZE)
    if ink is None:
        return False
    tofu, tofu_place = _notdef(font)
    return ink.tobytes() != (tofu and tofu.tobytes()) or place != tofu_place


def _draw(font, character, pixels):
    """A glyph at `pixels` an em, black on white, cropped to its ink.

    Returns:
        (PIL image, (left, top)), the place relative to the origin on the baseline;
        (None, None) if nothing is drawn.
    """
    face = _freetype(font.path, font.index, pixels)
    try:
        left, top, right, bottom = face.getbbox(character, anchor="ls")
        canvas = Image.new("L", (max(1, right - left), max(1, bottom - top)), 0)
        drawing = ImageDraw.Draw(canvas)
        drawing.text((-left, -top), character, fill=255, font=face, anchor="ls")
    except (OSError, ValueError) as error:
        raise InputError(
            f"The font {font.path} is damaged at the character {character!r} "
            f"({error}); replace or remove it."
        ) from None
    box = canvas.getbbox()
    if box is None:
        return None, None
    return ImageChops.invert(canvas.crop(box)), (left + box[0], top + box[1])


def _in_em_box(font, character, ink, left, top, pixels):
    """Puts cropped ink back where it stands in the font's em box."""
    _, (em_top, _) = _tables(font.path, font.index)
    face = _freetype(font.path, font.index, pixels)
    # A proportional glyph, narrower than the em, stands in the middle of the box.
    left = left + (pixels - face.getlength(character)) / 2
    top = top + em_top * pixels
    # Ink that leaves the box is moved back in.
    left = np.clip(round(left), 0, max(0, pixels - ink.width))
    top = np.clip(round(top), 0, max(0, pixels - ink.height))
    side = max(pixels, *ink.size)
    box = Image.new("L", (side, side), 255)
    box.paste(ink, (int(left), int(top)))
    return box
