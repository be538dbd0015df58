"""The checks of an image of a set: it has ink, can be read and is no duplicate."""

import dataclasses
import hashlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from hwgen_keras.data.duplicates import (
    LEAST_CORRELATION,
    thumbnails_of,
    unit_features,
)
from hwgen_keras.data.inspection import LEAST_CONTRAST
from hwgen_keras.errors import InputError

# The least share of ink: four black pixels of 64 by 64.
_LEAST_INK = 1e-3

BLANK, UNREAD, DUPLICATE = REASONS = ("blank", "unread", "duplicate")


class Reader:
    """A recogniser that gives the probability that an image shows its character.

    Args:
        classifier: a built `Classifier` of images, whose classes are the labels.
        batch_size: images read at once; smaller batches are filled up.

    Example:
        >>> classifier = hw.Classifier(hw.ImageEncoder(widths=(8, 16)), classes=46)
        >>> reader = hw.Reader(classifier, batch_size=2)
        >>> reader(np.full((3, 32, 32), 255, "uint8"), np.array([0, 1, 45])).shape
        (3,)
    """

    def __init__(self, classifier, batch_size: int = 64) -> None:
        self.classifier, self.batch_size = classifier, batch_size

    def __call__(
        self, images: NDArray[np.uint8], labels: NDArray
    ) -> NDArray[np.float32]:
        """Probabilities of the labels, float32 (n,).

        Args:
            images: uint8 (n, height, width), as they are written.
            labels: class ids, (n,).
        """
        scores = []
        for first in range(0, len(images), self.batch_size):
            part = images[first : first + self.batch_size]
            rows = np.arange(self.batch_size) % len(part)
            floats = part[rows, ..., None].astype("float32") / 127.5 - 1
            logits = self.classifier.predict_on_batch(floats)[: len(part)]
            odds = softmax(np.asarray(logits, np.float64), axis=1)
            scores.append(odds[np.arange(len(part)), labels[first:][: len(part)]])
        return np.concatenate(scores).astype(np.float32)

    def digest(self) -> str:
        """SHA-256 of the weights."""
        return digest_of(self.classifier)


@dataclasses.dataclass(frozen=True)
class Gate:
    """Which images are rejected, and how often a row is generated again.

    Images with almost no ink are always rejected.

    Attributes:
        reader: function of (uint8 images, labels) that returns the probability of each
            label, such as a `Reader`; the generator must not be trained with it.
        min_score: the lowest accepted probability, in [0, 1]; None: the probability is
            only recorded.
        reject_duplicates: whether to reject images that are almost the same as an
            accepted image of their character in the same part of the set.
        max_attempts: attempts for a row, after which it is dropped.

    Raises:
        InputError: a value is out of range, or there is a score without a reader.

    Example:
        >>> gate = hw.Gate(reject_duplicates=True, max_attempts=3)
        >>> reasons, scores = gate.judge()(np.full((2, 32, 32), 255, "uint8"), [0, 1])
        >>> reasons, scores
        (['blank', 'blank'], [None, None])
    """

    reader: Callable[[NDArray[np.uint8], NDArray], NDArray[np.float32]] | None = None
    min_score: float | None = None
    reject_duplicates: bool = False
    max_attempts: int = 5

    def __post_init__(self):
        if self.min_score is not None and self.reader is None:
            raise InputError(
                "A lowest score needs a reader that gives the scores; give a "
                "recogniser that the generator was not trained with."
            )
        if self.min_score is not None and not 0 <= self.min_score <= 1:
            raise InputError(
                f"The lowest score is {self.min_score}; give a probability in [0, 1]."
            )
        if self.max_attempts < 1:
            raise InputError(
                f"{self.max_attempts} attempts are allowed a row; give 1 or more."
            )

    def request(self) -> dict:
        """All that determines which images pass, as JSON."""
        digest = getattr(self.reader, "digest", None)
        return {
            "reader": digest and digest(),
            "min_score": self.min_score,
            "reject_duplicates": self.reject_duplicates,
            "max_attempts": self.max_attempts,
        }

    def judge(self) -> "ImageFilter":
        """The `ImageFilter` of a part of a set."""
        return ImageFilter(self)


class ImageFilter:
    """Accepts or rejects the images of a part in the order of attempts and rows.

    So the result does not depend on the batches.
    """

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self._accepted: dict[int, list[NDArray]] = {}

    def __call__(
        self, images: NDArray[np.uint8], labels: NDArray
    ) -> tuple[list[str | None], list[float | None]]:
        """The reason to reject each image, of `REASONS` or None, and the scores.

        `images` are uint8 (n, height, width), in the order of their rows.
        """
        gate, count = self.gate, len(images)
        reasons = np.where(blank(images), BLANK, "")
        scores: list[float | None] = [None] * count
        if gate.reader is not None:
            odds = gate.reader(images, labels)
            scores = odds.tolist()
            if gate.min_score is not None:
                # A NaN is not `>=` and so does not pass.
                low = ~(odds >= gate.min_score) & (reasons == "")
                reasons = np.where(low, UNREAD, reasons)
        reasons = [reason or None for reason in reasons.tolist()]
        if gate.reject_duplicates:
            left = [i for i, reason in enumerate(reasons) if reason is None]
            if left:
                features = unit_features(thumbnails_of(images[left]))
                for i, feature in zip(left, features, strict=True):
                    if self._is_duplicate(int(labels[i]), feature):
                        reasons[i] = DUPLICATE
        return reasons, scores

    def _is_duplicate(self, label, feature):
        """Whether an accepted image is almost the same; otherwise accepts this one."""
        accepted = self._accepted.setdefault(label, [])
        if accepted and np.max(np.stack(accepted) @ feature) >= LEAST_CORRELATION:
            return True
        accepted.append(feature)
        return False


def blank(images: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Whether uint8 images (n, height, width) have almost no ink: bool (n,)."""
    flat = images.reshape(len(images), -1)
    lightest = flat.max(axis=1).astype(np.int32)
    contrast = lightest - flat.min(axis=1)
    ink = (255 - flat.astype(np.float32)).mean(axis=1) / 255
    return (contrast < LEAST_CONTRAST) | (ink < _LEAST_INK)


def digest_of(model) -> str:
    """SHA-256 of the weights of a model, hexadecimal."""
    digest = hashlib.sha256()
    for weights in model.get_weights():
        digest.update(np.asarray(weights).tobytes())
    return digest.hexdigest()
