"""One person's hand, out of manifests and folders."""

from hwgen_keras.characters import CharacterSet
from hwgen_keras.data import HANDWRITING
from hwgen_keras.errors import InputError
from hwgen_keras.inputs import cache as prepared
from hwgen_keras.inputs import loading as inputs


def load_hand(settings, paths, writer, flag, characters=None):
    """The images by one writer.

    Args:
        settings: `Images`.
        paths: manifests and folders.
        writer: whose images; None: there is one writer alone.
        flag: how the user named the paths; `--writer` or, of `--hand_2`, `--writer_2`
            chooses in them.
        characters: the `CharacterSet` of the labels; None: one of what is shown.

    Returns:
        An `ImageStore` of cleaned images at `settings.image_size`.

    Raises:
        InputError: there is no image, no such writer, or several and none chosen.
    """
    if not paths:
        raise InputError(
            f"{flag} is needed: a folder of images by one hand, or a manifest."
        )
    samples = [
        s for path in paths for s in inputs.load_samples(settings, path, characters)
    ]
    writers = list(dict.fromkeys(sample.writer for sample in samples))
    chooses = "--writer" if flag == "--handwriting" else f"--writer{flag[-2:]}"
    some = f"{', '.join(writers[:5])}{' and others' if writers[5:] else ''}"
    if writer is None and len(writers) > 1:
        raise InputError(
            f"{flag} has images by {len(writers)} writers ({some}); choose one with "
            f"{chooses}."
        )
    if writer is not None and writer not in writers:
        raise InputError(f"{chooses}: {flag} has no writer {writer!r}; it has {some}.")
    if writer is not None:
        samples = [sample for sample in samples if sample.writer == writer]
    if characters is None:
        shown = dict.fromkeys(sample.character for sample in samples)
        characters = CharacterSet("hand", shown)
    return prepared.cleaned(
        settings.cache, samples, characters, settings.image_size, HANDWRITING
    )
