"""A plain folder of images by one writer, as the samples of a manifest."""

import pathlib
import re

from hwgen_keras.characters import CharacterSet
from hwgen_keras.data.manifest import Sample
from hwgen_keras.errors import InputError
from hwgen_keras.files import StrPath
from hwgen_keras.sources.pages.folders import character_of, list_images

# What may follow the character in a file's name: あ_2.jpg, あ-2.jpg, あ (2).jpg.
_END = re.compile(r"[\s_\-(].*", re.DOTALL)


def folder_samples(
    folder: StrPath,
    characters: CharacterSet | None = None,
    skip_unknown: bool = False,
    writer: str | None = None,
) -> list[Sample]:
    """The images in a folder, whose names tell what they show.

    The character is the name of the folder that an image lies in (`あ/1.png`), or else
    the beginning of its own name (`あ.png`, `あ_2.jpg`); the code point (`3042.png`,
    `U+3042_2.png`) stands for it, too.

    Args:
        folder: searched to any depth; hidden files are left out.
        characters: optional `CharacterSet` that every character must be in.
        skip_unknown: leave out characters outside `characters` instead of failing.
        writer: who wrote all of them; default: the folder's name.

    Returns:
        A list of `Sample`, in the order of the paths.

    Raises:
        InputError: there is no folder or no image, a name tells no character, or the
            set lacks one.

    Example:
        >>> import os
        >>> os.makedirs("hanako/あ")
        >>> open("hanako/あ/1.png", "wb").close()
        >>> [(s.character, s.writer) for s in hw.folder_samples("hanako")]
        [('あ', 'hanako')]
    """
    folder = pathlib.Path(folder)
    writer = folder.resolve().name if writer is None else writer
    samples = []
    for path in list_images([folder], "The folder of images"):
        character = told_character(path, folder)
        if character is None:
            raise InputError(
                f"The name of the image {path} does not tell its character; call it "
                "あ.png, あ_2.png or 3042.png, or put it into a folder called あ."
            )
        samples.append(Sample(character, path, writer))
    if characters is None:
        return samples
    known = [sample for sample in samples if sample.character in characters]
    unknown = [s.character for s in samples if s.character not in characters]
    unknown = list(dict.fromkeys(unknown))
    if unknown and not (skip_unknown and known):
        names = "、".join(unknown[:5])
        raise InputError(
            f"The folder {folder} shows {names}{' and others' if unknown[5:] else ''}, "
            f"which the set {characters.name} lacks; choose a set that has them, or "
            "skip unknown characters."
        )
    return known


def told_character(path, folder):
    """The character that the place of an image in a folder tells, or None.

    Args:
        path: the image, somewhere in `folder`.
        folder: of all images; see `folder_samples`.
    """
    character = None
    if path.parent != folder:
        character = character_of(path.parent.name)
    return character or character_of(_END.sub("", path.stem))
