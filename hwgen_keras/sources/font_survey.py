"""Selects the usable faces among many font files, without copies."""

import collections
import os
import typing
import zlib

from hwgen_keras.errors import InputError
from hwgen_keras.sources.font_files import faces, name_faces
from hwgen_keras.sources.fonts import TEST_PIXELS

# Number of characters whose outlines decide whether two faces are the same.
_SAMPLE = 128
# More characters with one outline have a substitute; ロ 口 and ニ 二 share theirs.
MOST_SHARED = 3


class LeftOut(typing.NamedTuple):
    """A font file or face that is not usable."""

    path: str
    kind: str  # "broken", "foreign" (without a character of the set) or "copy"
    reason: str  # a sentence


class Survey(typing.NamedTuple):
    """The result of `survey`."""

    fonts: list  # of (`Font`, `Face`), in the order of the files
    left_out: list[LeftOut]


def read_file(file, characters):
    """The faces of a font file with the digests of their outlines.

    Returns:
        (list of (`Face`, digest), None), or ([], reason) for a damaged file. The
        digest is None for a face without a character of the set.
    """
    try:
        return [(f, _digest(f, characters)) for f in faces(file)], None
    except InputError as error:
        return [], str(error)


def survey(results, characters):
    """The usable faces of many files, as a `Survey`.

    Of faces with the same family, style and version, or with the same outlines under
    other names, the one with the most characters is kept.

    Args:
        results: iterable of (file, result of `read_file`).
        characters: the `CharacterSet` of interest.
    """
    left_out, known, real_files = [], [], set()
    for file, (readable, reason) in results:
        if reason is not None:
            left_out.append(LeftOut(str(file), "broken", reason))
        real = os.path.realpath(file)
        if readable and real in real_files:
            reason = f"{file} is a link to another of the files."
            left_out.append(LeftOut(str(file), "copy", reason))
            continue
        real_files.add(real)
        for face, digest in readable:
            if digest is None:
                reason = f"{file} ({face.name}) has no character of {characters.name}."
                left_out.append(LeftOut(str(file), "foreign", reason))
            else:
                known.append((face, digest))
    kept: dict = {}
    for face, digest in known:
        # One dictionary for both keys: a copy shares either.
        keys = [(face.name, face.version), digest]
        other = next((kept[key] for key in keys if key in kept), None)
        if other is not None and other.characters >= face.characters:
            left_out.append(_copy(face, other))
            continue
        if other is not None:
            left_out.append(_copy(other, face))
            kept = {key: value for key, value in kept.items() if value != other}
        kept.update(dict.fromkeys(keys, face))
    faces_kept = set(kept.values())
    fonts = name_faces(face for face, _ in known if face in faces_kept)
    return Survey(fonts, left_out)


def _copy(face, other):
    reason = f"{face.path} ({face.name}) is a copy of {other.path} ({other.name})."
    return LeftOut(face.path, "copy", reason)


def _digest(face, characters):
    """A checksum of a face's outlines; None if it has no character of the set."""
    ((font, _),) = name_faces([face])
    step = max(1, len(characters) // _SAMPLE)
    digest, drawn = 0, 0
    for character in characters[::step]:
        ink = _draw(font, character)
        if ink is not None:
            drawn += 1
            content = f"{character}{ink.size}".encode() + ink.tobytes()
            digest = zlib.crc32(content, digest)
    if not drawn and all(_draw(font, character) is None for character in characters):
        return None
    # A single common glyph proves nothing.
    return (drawn, digest) if drawn > 1 else face


def _draw(font, character):
    try:
        return font.draw(character, TEST_PIXELS)[0]
    except InputError:  # this glyph alone is damaged
        return None


def outline_key(font, character):
    """(checksum of a glyph's outline and place, None), or (None, fault)."""
    try:
        ink, place, fault = font.draw(character, TEST_PIXELS)
    except InputError:
        return None, "damaged"
    if fault:
        return None, fault
    return (zlib.crc32(ink.tobytes()), ink.size, place), None


def stand_ins(keys):
    """The characters of a face that share their outline with many others.

    Args:
        keys: {character: outline}; an outline of more than `MOST_SHARED` is shared.
    """
    counts = collections.Counter(keys.values())
    return [c for c, key in keys.items() if counts[key] > MOST_SHARED]
