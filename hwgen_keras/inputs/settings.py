"""Settings that name images: fonts, handwriting, characters, their structures."""

import dataclasses
import os
from collections.abc import Iterable, Mapping

from hwgen_keras.errors import InputError
from hwgen_keras.settings import NOTHING, Settings, setting


def check_apart(paths: Mapping[str, Iterable[str | None]]) -> None:
    """Raises InputError if two flags name the same data.

    Args:
        paths: {name of a flag: its manifests, stores or folders}.
    """
    flags: dict[str, str] = {}
    for flag, named in paths.items():
        files = {path: _file_of(path) for path in named if path}
        for path, file in files.items():
            if file in flags:
                raise InputError(
                    f"--{flag}: {path} is given as --{flags[file]}, too; give other "
                    "images."
                )
        flags |= dict.fromkeys(files.values(), flag)


def _file_of(path):
    """The file that a path stands for, in one form."""
    manifest = os.path.join(path, "manifest.json")
    return os.path.realpath(manifest if os.path.isfile(manifest) else path)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Characters(Settings):
    """The character set."""

    characters: str = setting(
        "jis1",
        "Character set: kana, etl8, jis1, japanese, or a text file with one character "
        "a line.",
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Structures(Settings):
    """The structures of the characters."""

    structure_file: str | None = setting(
        None,
        "JSON of structures, {character: ['⿰ 女 子']}; default: those of the package.",
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fonts(Settings):
    """The fonts."""

    fonts: tuple[str, ...] = setting(
        (),
        "Font file, a folder that is searched for fonts, or a .store of rendered "
        "glyphs. May be given several times. `system` stands for the installed "
        "Japanese fonts.",
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReferenceFont(Fonts):
    """The fonts, and the one that comes first."""

    reference_font: str | None = setting(
        None, "Name of the font whose glyphs come first; default: the first of --fonts."
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class SimulatedWriters(Settings):
    """Writers whose handwriting is drawn from the strokes of KanjiVG."""

    simulated_writers: int = setting(
        0,
        "Number of simulated writers (KanjiVG strokes) to add to the handwriting.",
        at_least=0,
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Handwriting(Settings):
    """Real handwriting."""

    handwriting: tuple[str, ...] = setting(
        (),
        "Manifest of real handwriting, {character: [path or {path, writer}, ...]}, a "
        "folder with a manifest.json or with images named by character (あ_2.png), a "
        ".store, or a .tar, .parquet or .tfrecord file of generate. A path "
        "scans.store#123 in a manifest is an image in a store. May be given several "
        "times.",
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class WriterPattern(Settings):
    """Where a manifest names the writers."""

    writer_pattern: str | None = setting(
        None,
        "Regular expression that finds the writer in a manifest's paths (its first "
        "group, or the whole match).",
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Images(Characters, WriterPattern):
    """How images are read: their characters, writers and size, and the cache."""

    skip_unknown_characters: bool = setting(
        False, "Leave out what a manifest has outside the character set."
    )
    image_size: int = setting(None, "Side of the images in pixels.", at_least=8)
    cache: str = setting(
        "runs/cache",
        "Folder that keeps rendered glyphs and cleaned images for the next start; it "
        "may be deleted at any time. Empty: keep nothing, work in memory on one core.",
        changes=NOTHING,
        empty=True,
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class LabelledImages(Fonts, Handwriting, SimulatedWriters, Images):
    """Images of fonts, real handwriting and simulated writers."""
