"""The images of one writer from manifests and folders."""

import itertools

from hwgen_keras.characters import CharacterSet
from hwgen_keras.data import HANDWRITING
from hwgen_keras.data.manifest import brief
from hwgen_keras.errors import InputError
from hwgen_keras.inputs import cache as prepared
from hwgen_keras.inputs import loading as inputs


def load_hand(settings, paths, writer, flag, characters=None):
    """An `ImageStore` of the cleaned images by one writer.

    Args:
        settings: `Images`.
        paths: manifests and folders.
        writer: name of the writer; None: the only one.
        flag: the flag of the paths; its suffix is that of the writer's flag.
        characters: the `CharacterSet` of the labels; None: all in the images.
    """
    samples = hand_samples(settings, paths, writer, flag, characters)
    if characters is None:
        shown = dict.fromkeys(sample.character for sample in samples)
        characters = CharacterSet("hand", shown)
    size = settings.image_size
    return prepared.cleaned(settings.cache, samples, characters, size, HANDWRITING)


def hand_samples(settings, paths, writer, flag, characters=None):
    """The samples by one writer. Arguments: see `load_hand`."""
    if not paths:
        raise InputError(
            f"{flag} is needed: a folder of images by one hand, or a manifest."
        )
    listed = [inputs.load_samples(settings, path, characters) for path in paths]
    samples = list(itertools.chain(*listed))
    name = one_writer([sample.writer for sample in samples], writer, flag)
    return [sample for sample in samples if sample.writer == name]


def one_writer(names, writer, flag):
    """The name of the writer to take, of the `names` that wrote.

    Args:
        names, writer, flag: see `load_hand`; several of the names may be alike.

    Raises:
        InputError: there are several, or not this one.
    """
    writers = list(dict.fromkeys(names))
    writer_flag = f"--writer{flag[-2:]}" if flag == "--hand_2" else "--writer"
    what = "characters" if flag == "--strokes" else "images"
    if writer is None and len(writers) > 1:
        raise InputError(
            f"{flag} has {what} by {len(writers)} writers ({brief(writers)}); choose "
            f"one with {writer_flag}."
        )
    if writer is not None and writer not in writers:
        raise InputError(
            f"{writer_flag}: {flag} has no writer {writer!r}; it has {brief(writers)}."
        )
    return writers[0] if writer is None else writer
