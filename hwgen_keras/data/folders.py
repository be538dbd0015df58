"""The samples of a plain folder of images by one writer."""

import re

from hwgen_keras.characters import CharacterSet
from hwgen_keras.data.manifest import Sample, brief
from hwgen_keras.errors import InputError
from hwgen_keras.files import StrPath, as_path
from hwgen_keras.sources.pages.folders import character_of, list_images

# What may follow the character in a file's name: あ_2.jpg, あ-2.jpg, あ (2).jpg.
_END = re.compile(r"[\s_\-(].*", re.DOTALL)


def folder_samples(
    folder: StrPath,
    characters: CharacterSet | None = None,
    skip_unknown: bool = False,
    writer: str | None = None,
) -> list[Sample]:
    """The images in a folder, labelled by their names.

    The label is the name of the image's folder (`あ/1.png`), or else the beginning of
    its own name (`あ.png`, `あ_2.jpg`). A label is a character or its code point
    (`3042.png`, `U+3042_2.png`).

    Args:
        folder: searched recursively; hidden files are left out.
        characters: optional `CharacterSet` that every character must be in.
        skip_unknown: leave out characters outside `characters` instead of failing.
        writer: the writer of all images; default: the folder's name.

    Returns:
        A list of `Sample`, in the order of the paths.

    Raises:
        InputError: there is no folder or no image, a name has no label, or a character
            is outside the set.

    Example:
        >>> import os
        >>> os.makedirs("hanako/あ")
        >>> open("hanako/あ/1.png", "wb").close()
        >>> [(s.character, s.writer) for s in hw.folder_samples("hanako")]
        [('あ', 'hanako')]
    """
    folder = as_path(folder, "The folder of images")
    writer = folder.resolve().name if writer is None else writer
    samples = []
    for path in list_images([folder], "The folder of images"):
        character = labelled_character(path, folder)
        if character is None:
            raise InputError(
                f"The name of the image {path} does not tell its character; call it "
                "あ.png, あ_2.png or 3042.png, or put it into a folder called あ."
            )
        samples.append(Sample(character, path, writer))
    if characters is None:
        return samples
    known = [sample for sample in samples if sample.character in characters]
    shown = dict.fromkeys(sample.character for sample in samples)
    unknown = [character for character in shown if character not in characters]
    if unknown and not (skip_unknown and known):
        raise InputError(
            f"The folder {folder} shows {brief(unknown)}, which the set "
            f"{characters.name} lacks; choose a set that has them, or leave them out "
            "with --skip_unknown_characters (skip_unknown=True in Python)."
        )
    return known


def labelled_character(path, folder):
    """The character of an image somewhere in `folder`, or None."""
    character = character_of(path.parent.name) if path.parent != folder else None
    return character or character_of(_END.sub("", path.stem))
