"""Finding fonts in files, folders and the system, and what they say of themselves."""

import dataclasses
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import warnings
from collections.abc import Iterable

from fontTools.ttLib import TTLibError

from hwgen_keras.errors import InputError
from hwgen_keras.files import StrPath
from hwgen_keras.sources.fonts import Font
from hwgen_keras.sources.glyphs import BROKEN, freetype, open_face

EXTENSIONS = (".ttf", ".otf", ".ttc", ".otc", ".woff", ".woff2")
HIRAGANA = tuple(
    "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわをん"
)


@dataclasses.dataclass(frozen=True)
class Face:
    """What a font file says of one of its faces.

    Attributes:
        path: the font file.
        index: number of the face in a collection, 0 in a plain font.
        family, style, version: from the name table; of a font without names, the
            file's name, "Regular" and "".
        weight: class from 1 to 1000 (400 is regular, 700 bold); None if not given.
        licence, licence_url: the name table's fields 13 and 14; "" if not given.
        characters: number of mapped code points.
    """

    path: str
    index: int
    family: str
    style: str
    version: str
    weight: int | None
    licence: str
    licence_url: str
    characters: int

    @property
    def name(self) -> str:
        """Family and style."""
        return " ".join(f"{self.family} {self.style}".split())


def find_fonts(paths: StrPath | Iterable[StrPath]) -> list[Font]:
    """All faces of the fonts in files and folders, each once.

    Args:
        paths: a file or folder, or a list of them. Folders are searched to any depth
            for .ttf, .otf, .ttc, .otc, .woff and .woff2 files.

    Returns:
        list of `Font`, in the order of `paths`, within a folder by file name. Of
        faces with the same family, style and version the first is kept.

    Raises:
        InputError: a path does not exist, a file is not a readable font, or a folder
            holds no font.

    Example:
        >>> [font.name for font in hw.find_fonts("fonts")]
        ['IPAexGothic Regular']
    """
    if isinstance(paths, str | os.PathLike):
        paths = [paths]
    files = [file for path in paths for file in font_files(path)]
    return [font for font, _ in name_faces(f for file in files for f in faces(file))]


def system_fonts() -> list[Font]:
    """The installed fonts that cover hiragana.

    Found by fontconfig's `fc-list`, or without it in the usual folders of the
    operating system. A font that cannot be read or drawn is left out with a warning.

    Returns:
        list of `Font`, by file name; empty if there is none.

    Example:
        >>> fonts = hw.system_fonts()  # doctest: +SKIP
    """
    found = []
    for file in installed_files():
        try:
            found += faces(file)
        except InputError as error:
            warnings.warn(str(error), stacklevel=2)
    return [font for font, _ in name_faces(found) if _has_hiragana(font)]


def _has_hiragana(font):
    try:
        return all(map(font.covers, HIRAGANA))
    except InputError as error:
        # It has instructions that FreeType refuses.
        warnings.warn(str(error), stacklevel=3)
        return False


def name_faces(found: Iterable[Face]) -> list[tuple[Font, Face]]:
    """The fonts of faces, with names that are unique; copies of a face are left out.

    Args:
        found: iterable of `Face`.

    Returns:
        list of (`Font`, `Face`); of faces with the same family, style and version
        the first.
    """
    fonts, seen, names = [], set(), set()
    for face in found:
        if (face.name, face.version) in seen:
            continue
        seen.add((face.name, face.version))
        name = face.name
        if name in names:
            # Two versions of one font may look different; keep their names apart.
            name = f"{name} {' '.join(face.version.split())}"
        names.add(name)
        fonts.append((Font(face.path, face.index, name), face))
    return fonts


def font_files(path: StrPath) -> list[pathlib.Path]:
    """The font files of a folder, by name, or the one file that `path` is.

    Raises:
        InputError: the path does not exist, or the folder holds no font.
    """
    path = pathlib.Path(path)
    if path.is_dir():
        files = _search(path)
        if not files:
            raise InputError(
                f"The folder {path} holds no font; put "
                f"{', '.join(EXTENSIONS[:-1])} or {EXTENSIONS[-1]} files there."
            )
        return files
    if not path.exists():
        raise InputError(f"The font {path} does not exist; check the path.")
    return [path]


def _search(folder):
    """The font files under a folder; linked folders too, each folder once."""
    files, visited = [], set()
    for parent, folders, names in os.walk(folder, followlinks=True):
        real = os.path.realpath(parent)
        if real in visited:  # links can lead in circles
            folders.clear()
            continue
        visited.add(real)
        # Hidden files are skipped: macOS leaves `._name.ttf`, which are no fonts.
        files += [
            pathlib.Path(parent, name)
            for name in names
            if name.lower().endswith(EXTENSIONS) and not name.startswith(".")
        ]
    return sorted(files)


def installed_files() -> list[pathlib.Path]:
    """The files of installed fonts, those with hiragana where fontconfig tells."""
    if shutil.which("fc-list"):
        command = ["fc-list", "--format=%{file}\n", ":charset=3042"]
        listed = subprocess.run(command, capture_output=True, text=True, check=True)
        files = {pathlib.Path(line) for line in listed.stdout.splitlines()}
        return sorted(file for file in files if file.suffix.lower() in EXTENSIONS)
    home = pathlib.Path.home()
    usual: dict[str, list[StrPath]] = {
        "darwin": ["/System/Library/Fonts", "/Library/Fonts", home / "Library/Fonts"],
        "win32": [pathlib.Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts"],
    }
    linux = ["/usr/share/fonts", "/usr/local/share/fonts"]
    linux += [str(home / ".fonts"), str(home / ".local/share/fonts")]
    folders = usual.get(sys.platform, linux)
    return sorted(file for folder in folders for file in _search(folder))


def faces(file: StrPath) -> list[Face]:
    """The faces of a font file, checked to be readable.

    Returns:
        list of `Face`.

    Raises:
        InputError: the file is missing, empty, cut short, or no font.
    """
    file = pathlib.Path(file)
    if not file.is_file():
        raise InputError(
            f"The font {file} is not a file (a broken link?); replace or remove it."
        )
    size = file.stat().st_size
    if size == 0:
        raise InputError(f"The font {file} is empty (0 bytes); replace or remove it.")
    try:
        with open(file, "rb") as opened:
            start = opened.read(12)
        count = struct.unpack(">L", start[8:])[0] if start[:4] == b"ttcf" else 1
        if count == 0:
            raise TTLibError("the collection holds no face")
        return [_face(file, index, size) for index in range(count)]
    except InputError:
        raise
    except BROKEN as error:
        raise InputError(
            f"{file} is not a readable font ({error}); replace or remove it."
        ) from None


def _face(file, index, size):
    with open_face(file, index) as font:
        entries = font.reader.tables.values()
        # WOFF2 packs all tables as one; it cannot be unpacked when it is cut short.
        if font.flavor != "woff2" and any(t.offset + t.length > size for t in entries):
            raise TTLibError("the file is cut short")
        names = font["name"] if "name" in font else None
        if not font.getBestCmap():
            raise TTLibError("it maps no characters")
        face = Face(
            path=str(file),
            index=index,
            family=(names and names.getBestFamilyName()) or file.stem,
            style=(names and names.getBestSubFamilyName()) or "Regular",
            version=(names and names.getDebugName(5)) or "",
            weight=font["OS/2"].usWeightClass if "OS/2" in font else None,
            licence=(names and names.getDebugName(13)) or "",
            licence_url=(names and names.getDebugName(14)) or "",
            characters=len(font.getBestCmap()),
        )
    freetype(str(file), index, 16)
    return face
