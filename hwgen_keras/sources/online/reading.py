"""Reads online handwriting from files and folders."""

import dataclasses
import pathlib
import re
import xml.etree.ElementTree as ElementTree

from hwgen_keras.errors import InputError
from hwgen_keras.files import StrPath
from hwgen_keras.sources.online.formats import FORMATS
from hwgen_keras.sources.online.samples import OnlineSample, Unusable, checked_sample
from hwgen_keras.sources.pages.folders import character_of

# What may follow the character in a file's name, as in あ_2.svg.
_END = re.compile(r"[\s_\-(].*", re.DOTALL)


@dataclasses.dataclass(frozen=True, slots=True)
class OnlineHandwriting:
    """What was found in files of online handwriting.

    Attributes:
        samples: a list of `OnlineSample`, in the order of the files.
        refused: a list of (name of the sample or file, why it cannot be used).
    """

    samples: list[OnlineSample]
    refused: list[tuple[str, str]]


def read_online(path: StrPath, writer: str = "") -> OnlineHandwriting:
    """Reads recorded strokes.

    Files are JSON (`{writer: {character: [stroke, …]}}`, a stroke a list of [x, y] or
    [x, y, milliseconds]), Tegaki XML (`.xml`), InkML (`.inkml`), SVG as of KanjiVG
    (`.svg`) and UNIPEN (`.dat`, `.unipen`). A file that names no character has it in
    its own name: `あ.svg`, `あ_2.inkml`, `3042.xml`.

    Args:
        path: a file, or a folder that is searched for such files.
        writer: the writer of samples for which the files name none; default: that of a
            folder is its name, that of a file is the name without its suffix.

    Returns:
        An `OnlineHandwriting`.

    Raises:
        InputError: there is no such file or folder, or nothing in it can be used; the
            sentence names the first offender.
    """
    files, path = online_files(path), pathlib.Path(path)
    default = writer or (path.resolve().name if path.is_dir() else path.stem)
    samples: list[OnlineSample] = []
    refused: list[tuple[str, str]] = []
    for file in files:
        _read_file(file, default, samples, refused)
    if not samples:
        name, why = refused[0] if refused else (path, "it holds no file of strokes")
        raise InputError(
            f"There is no online handwriting in {path}: {name}: {why}; give files of "
            f"{', '.join(FORMATS)}."
        )
    return OnlineHandwriting(samples, refused)


def online_files(path: StrPath) -> list[pathlib.Path]:
    """The files that `read_online` reads, in its order.

    Args:
        path: a file, or a folder that is searched for such files.

    Raises:
        InputError: the file's suffix is none of theirs.
    """
    path = pathlib.Path(path)
    if path.is_dir():
        files = sorted(f for f in path.rglob("*") if f.suffix.lower() in FORMATS)
        return [f for f in files if not f.name.startswith(".")]
    if path.suffix.lower() not in FORMATS:
        raise InputError(
            f"{path} is no file of online handwriting; give one of "
            f"{', '.join(FORMATS)}, or a folder of them."
        )
    return [path]


def _read_file(file, default, samples, refused):
    in_name = character_of(_END.sub("", file.stem))
    try:
        text = file.read_text(encoding="utf-8-sig")
        rows = list(FORMATS[file.suffix.lower()](text))
    except FileNotFoundError:
        raise InputError(f"There is no file {file}; check the path.") from None
    except (OSError, UnicodeDecodeError) as error:
        refused.append((str(file), f"it cannot be read as UTF-8 text ({error})"))
    except (ValueError, ElementTree.ParseError, RecursionError) as error:
        refused.append((str(file), f"it is damaged ({error})"))
    except Unusable as error:
        refused.append((str(file), str(error)))
    else:
        for label, writer, strokes, place in rows:
            name = f"{file}: {place}" if place else str(file)
            label = label if label and label.strip() else in_name
            try:
                sample = checked_sample(label, writer or default, strokes, name)
            except Unusable as error:
                refused.append((name, str(error)))
            else:
                samples.append(sample)
        if not rows:
            refused.append((str(file), "it holds no sample"))
