"""The recogniser that scores generated images, and its independence."""

import hashlib
import json
import pathlib

import keras

from hwgen_keras.errors import InputError
from hwgen_keras.models import load_classifier, load_trained, reader_of, with_policy

# Flags of a run that name the networks with which its model is trained; their files.
_TEACHERS = {"clip_weights": "clip.keras", "image_weights": "image_encoder.keras"}


def load_reader(path, characters, image_size=None):
    """The `Classifier` of `--reader`, in float32; InputError if it does not fit.

    A warning tells if it was trained on images of another size than `image_size`.
    """
    reader = load_classifier(path, "--reader", image_size)
    return reader_of(with_policy(reader, "float32", copy=False), characters, "--reader")


def check_independent(reader, generator, path):
    """Raises InputError if the generator at `path` was trained with the reader.

    The weights of the reader are compared with those in the generator, and with those
    of CLIP and its image encoder, if the `config.json` of the generator's run names
    them and the files still exist.
    """
    kernels = _kernels(reader.encoder)
    for name, network in [("the generator", generator), *_teachers(path)]:
        if kernels & _kernels(network):
            raise InputError(
                f"--reader is a network that the generator was trained with ({name}), "
                "so its scores prove nothing; give an independent recogniser."
            )


def _teachers(path):
    """Yields (path, network) of the networks that a model's run was trained with."""
    path = pathlib.Path(path)
    folder = path if path.is_dir() else path.parent
    try:
        flags = json.loads((folder / "config.json").read_text("utf-8"))["flags"]
        teachers = [(flags[n], file) for n, file in _TEACHERS.items() if flags.get(n)]
    except (OSError, ValueError, KeyError, TypeError):
        return
    for teacher, file in teachers:
        try:
            network = load_trained(teacher, keras.Model, "", file)
        except InputError:  # The file no longer exists.
            continue
        yield teacher, network
        # The run of a CLIP names its image encoder.
        yield from _teachers(teacher)


def _kernels(network):
    """Digests of the weights but vectors, which are the same in untrained networks."""
    return {
        hashlib.sha256(weights.tobytes()).digest()
        for weights in network.get_weights()
        if weights.ndim > 1
    }
