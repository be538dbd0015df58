"""Whether generated images have the letter forms of the hand that they imitate."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from skimage.filters import gaussian

from hwgen_keras.errors import InputError

# Side of the square to which the ink is scaled, in pixels, and the blur: strokes that
# lie side by side agree in part.
_SIDE, _BLUR = 48, 2.0
# Greys that count as ink when it is cropped.
_INK = 64


def form_likeness(
    generated: tuple[NDArray, NDArray, NDArray],
    real: tuple[NDArray, NDArray, NDArray],
) -> dict:
    """The share of generated images whose form is nearest to that of their hand.

    A form is an image of the ink alone, stretched to one square and blurred, so that
    neither the pen's place nor the size of the character counts. Compared are images of
    the same character. From generated forms the mean over the generated hands is
    subtracted, from real ones the mean over the real hands: else a hand near the mean
    would be nearest to all that is smooth. Nearest is the largest cosine. An image
    counts if its hand has a real image of its character and two or more such hands have
    both.

    Args:
        generated, real: (images, writers, labels): uint8 (n, height, width), 0 ink, 255
            paper; names (n,), of generated images those of the imitated hands; class
            ids (n,).

    Returns:
        A dict: "accuracy" in [0, 1]; "chance", its expectation for random answers;
        "found", the number of hands to which their images are nearer than to any other,
        in the mean; "hands", the number of all; "images", the number compared.

    Raises:
        InputError: no two hands have generated and real images of one character.

    Example:
        >>> one = hw.CharacterSet("three", "永言道")
        >>> store = hw.simulated_store([1, 2, 3], one, 64, progress=False)
        >>> names = np.array(store.source_names)[store.sources]
        >>> images = store.decode(np.arange(len(store))), names, store.labels
        >>> likeness = hw.evaluation.form_likeness(images, images)
        >>> likeness["accuracy"], likeness["found"], likeness["hands"]
        (1.0, 3, 3)

    Reference: this project; docs/reference/metrics.md.
    """
    sets = [
        (np.asarray(images), np.asarray(writers), np.asarray(labels))
        for images, writers, labels in (generated, real)
    ]
    names = np.intersect1d(sets[0][1], sets[1][1])
    nearness = np.zeros((len(names), len(names)))
    compared = np.zeros_like(nearness)
    correct, chances = 0, []
    for label in np.intersect1d(sets[0][2], sets[1][2]):
        both = [
            [images[(writers == name) & (labels == label)] for name in names]
            for images, writers, labels in sets
        ]
        hands = [
            k for k, own in enumerate(zip(*both, strict=True)) if all(map(len, own))
        ]
        if len(hands) < 2:
            continue
        forms, targets = ([_forms(own[k]) for k in hands] for own in both)
        means = np.stack([own.mean(0) for own in targets])
        means = _unit(means - means.mean(0))
        middle = np.stack([own.mean(0) for own in forms]).mean(0)
        for place, (hand, own) in enumerate(zip(hands, forms, strict=True)):
            cosines = _unit(own - middle) @ means.T
            correct += (cosines.argmax(1) == place).sum()
            chances += len(own) * [1 / len(hands)]
            nearness[hand, hands] += cosines.sum(0)
            compared[hand, hands] += len(own)
    if not chances:
        raise InputError(
            "No two hands have generated and real images of one character; generate "
            "the characters that several of the hands wrote."
        )
    some = np.flatnonzero(compared.any(1))
    mean = np.where(compared > 0, nearness / np.maximum(compared, 1), -np.inf)
    return {
        "accuracy": float(correct / len(chances)),
        "chance": float(np.mean(chances)),
        "found": int((mean[some].argmax(1) == some).sum()),
        "hands": len(some),
        "images": len(chances),
    }


def _forms(images):
    """Images (n, height, width) as forms (n, pixels), each of length 1."""
    return _unit(np.stack([_form(image) for image in images]).reshape(len(images), -1))


def _form(image):
    rows, columns = (np.flatnonzero((255 - image > _INK).any(axis)) for axis in (1, 0))
    if not len(rows):
        return np.zeros((_SIDE, _SIDE))
    ink = 255 - image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    square = Image.fromarray(ink).resize((_SIDE, _SIDE), Image.Resampling.BILINEAR)
    form = gaussian(np.asarray(square, float), _BLUR, mode="constant")
    return form - form.mean()


def _unit(rows):
    length = np.linalg.norm(rows, axis=-1, keepdims=True)
    return rows / np.where(length > 0, length, 1)
