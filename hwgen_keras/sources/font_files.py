"""Finds fonts in files, folders and the system, and reads their name tables."""

import dataclasses
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import warnings
from collections.abc import Iterable

from fontTools.ttLib import TTLibError, newTable

from hwgen_keras.characters.sets import HIRAGANA
from hwgen_keras.errors import InputError, as_list
from hwgen_keras.files import StrPath, as_path
from hwgen_keras.sources.fonts import Font
from hwgen_keras.sources.glyphs import BROKEN, freetype, open_face

EXTENSIONS = (".ttf", ".otf", ".ttc", ".otc", ".woff", ".woff2")


@dataclasses.dataclass(frozen=True)
class Face:
    """The description of a face in its font file."""

    path: str
    index: int  # in a collection, 0 in a plain font
    family: str  # from the name table, or the file's name
    style: str  # from the name table, or "Regular"
    version: str  # from the name table, or ""
    weight: int | None  # class from 1 to 1000 (400 is regular, 700 bold)
    licence: str  # field 13 of the name table, or ""
    licence_url: str  # field 14 of the name table, or ""
    characters: int  # number of mapped code points
    names: tuple[str, ...]  # all that it is called, the file's name among them

    @property
    def name(self) -> str:
        """Family and style."""
        return " ".join(f"{self.family} {self.style}".split())


def find_fonts(paths: StrPath | Iterable[StrPath]) -> list[Font]:
    """The fonts in files and folders, without copies.

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
    paths = as_list(paths, "The argument of find_fonts", "paths of fonts or folders")
    files = [file for path in paths for file in font_files(path)]
    return [font for font, _ in name_faces(f for file in files for f in faces(file))]


def system_fonts() -> list[Font]:
    """The installed fonts that cover hiragana.

    fontconfig's `fc-list` lists them; without it, the usual folders of the operating
    system are searched. A damaged font is left out with a warning.

    Returns:
        list of `Font`, by file name; empty if there is none.

    Example:
        >>> fonts = hw.system_fonts()  # doctest: +SKIP
    """
    readable = []
    for file in installed_files():
        try:
            readable += faces(file)
        except InputError as error:
            warnings.warn(str(error), stacklevel=2)
    return [font for font, _ in name_faces(readable) if _has_hiragana(font)]


def _has_hiragana(font):
    try:
        return all(map(font.covers, HIRAGANA))
    except InputError as error:
        # The font has instructions that FreeType refuses.
        warnings.warn(str(error), stacklevel=3)
        return False


def name_faces(faces: Iterable[Face]) -> list[tuple[Font, Face]]:
    """The fonts of faces, with unique names.

    Of faces with the same family, style and version the first is kept.
    """
    unique: dict = {}
    for face in faces:
        unique.setdefault((face.name, face.version), face)
    fonts, names = [], set()
    for face in unique.values():
        name = face.name
        if name in names:
            # Two versions of a font may differ.
            name = f"{name} {' '.join(face.version.split())}"
        names.add(name)
        fonts.append((Font(face.path, face.index, name), face))
    return fonts


def font_files(path: StrPath) -> list[pathlib.Path]:
    """The font files of a folder, by name, or `path` itself.

    Raises:
        InputError: the path does not exist, or the folder holds no font.
    """
    path = as_path(path, "The font")
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
        # macOS leaves hidden files `._name.ttf`, which are no fonts.
        files += [
            pathlib.Path(parent, name)
            for name in names
            if name.lower().endswith(EXTENSIONS) and not name.startswith(".")
        ]
    return sorted(files)


def installed_files() -> list[pathlib.Path]:
    """The files of installed fonts; with fontconfig, only those with hiragana."""
    if shutil.which("fc-list"):
        command = ["fc-list", "--format=%{file}\n", ":charset=3042"]
        listed = subprocess.run(command, capture_output=True, text=True, check=True)
        files = {pathlib.Path(line) for line in listed.stdout.splitlines()}
        return sorted(file for file in files if file.suffix.lower() in EXTENSIONS)
    home = pathlib.Path.home()
    usual: dict[str, tuple[StrPath, ...]] = {
        "darwin": ("/System/Library/Fonts", "/Library/Fonts", home / "Library/Fonts"),
        "win32": (pathlib.Path(os.environ.get("WINDIR", "C:/Windows")) / "Fonts",),
    }
    linux = "/usr/share/fonts", "/usr/local/share/fonts"
    linux += home / ".fonts", home / ".local/share/fonts"
    folders = usual.get(sys.platform, linux)
    return sorted(file for folder in folders for file in _search(folder))


def faces(file: StrPath) -> list[Face]:
    """The faces of a font file.

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
        with open(file, "rb") as stream:
            start = stream.read(12)
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
        # WOFF2 packs all tables as one, which fails to unpack when it is cut short.
        if font.flavor != "woff2" and any(t.offset + t.length > size for t in entries):
            raise TTLibError("the file is cut short")
        names = font["name"] if "name" in font else newTable("name")
        if not font.getBestCmap():
            raise TTLibError("it maps no characters")
        face = Face(
            path=str(file),
            index=index,
            family=names.getBestFamilyName() or file.stem,
            style=names.getBestSubFamilyName() or "Regular",
            version=names.getDebugName(5) or "",
            weight=font["OS/2"].usWeightClass if "OS/2" in font else None,
            licence=names.getDebugName(13) or "",
            licence_url=names.getDebugName(14) or "",
            characters=len(font.getBestCmap()),
            names=_all_names(names, file),
        )
    freetype(str(file), index, 16)
    return face


def _all_names(table, file):
    """The families with their styles, full and PostScript names, in all languages."""
    languages: dict = {}
    for record in table.names:
        text = record.toUnicode(errors="replace").strip()
        key = record.platformID, record.platEncID, record.langID
        languages.setdefault(key, {})[record.nameID] = text
    found = [file.stem]
    for texts in languages.values():
        for family, style in ((1, 2), (16, 17)):
            if texts.get(family):
                # A style is often given in English alone.
                name = texts.get(style) or table.getDebugName(style) or "Regular"
                found.append(f"{texts[family]} {name}")
        found += [texts[number] for number in (4, 6) if texts.get(number)]
    return tuple(dict.fromkeys(found))
