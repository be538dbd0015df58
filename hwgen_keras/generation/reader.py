"""The recogniser that scores generated images, and whether it may."""

import hashlib
import json
import pathlib

import keras

from hwgen_keras.errors import InputError
from hwgen_keras.models import Classifier, load_trained, with_policy

# Flags of a run that name networks which taught its model, and their files.
_TEACHERS = {"clip_weights": "clip.keras", "image_weights": "image_encoder.keras"}


def load_reader(path, characters):
    """The `Classifier` of `--reader`, in float32.

    Args:
        path: its file, or its run folder.
        characters: the `CharacterSet` that it must read.

    Raises:
        InputError: it is missing, or reads other characters.
    """
    reader = load_trained(path, Classifier, "--reader", "classifier.keras")
    if reader.classes != len(characters):
        raise InputError(
            f"--reader: the classifier has {reader.classes} classes and "
            f"--characters={characters.name} has {len(characters)}; give the set it "
            "was trained with."
        )
    return with_policy(reader, "float32")


def check_independent(reader, generator, path):
    """Raises InputError if the reader is a network that taught the generator.

    Compared are the weights: those in the generator, and those of CLIP and its image
    encoder as far as the `config.json` of the generator's run names them and they
    are still there.

    Args:
        reader: a `Classifier`.
        generator: a trained generator.
        path: its file, or its run folder.
    """
    own = _kernels(reader.encoder)
    for name, network in [("the generator", generator), *_teachers(path)]:
        if own & _kernels(network):
            raise InputError(
                f"--reader is a network that taught the generator ({name}), and would "
                "approve of what it was taught to; give a recogniser of its own."
            )


def _teachers(path):
    """Yields (path, network) of what the runs behind a model name in `config.json`."""
    path = pathlib.Path(path)
    folder = path if path.is_dir() else path.parent
    try:
        flags = json.loads((folder / "config.json").read_text("utf-8"))["flags"]
        found = [(flags[name], name) for name in _TEACHERS if flags.get(name)]
    except (OSError, ValueError, KeyError, TypeError):
        return
    for teacher, name in found:
        try:
            network = load_trained(teacher, keras.Model, "", _TEACHERS[name])
        except InputError:  # it is not there any more
            continue
        yield teacher, network
        # CLIP names its image encoder.
        yield from _teachers(teacher)


def _kernels(network):
    """Digests of the weights that are no vectors; untrained vectors are all alike."""
    return {
        hashlib.sha256(weights.tobytes()).digest()
        for weights in network.get_weights()
        if weights.ndim > 1
    }
