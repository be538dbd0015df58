"""Images and the outputs of a recogniser for them."""

import dataclasses
import functools
import typing
from collections.abc import Iterable

import numpy as np
from keras import ops
from numpy.typing import NDArray
from scipy.special import log_softmax

from hwgen_keras.data import ImageStore, placed
from hwgen_keras.evaluation.reading import content_accuracy, predicted_rows
from hwgen_keras.generation import to_uint8

_BATCH = 256


@dataclasses.dataclass(frozen=True, eq=False)
class Readings:
    """Images, their correct classes, and the outputs of a recogniser.

    Attributes:
        images: uint8 (n, height, width).
        labels: correct class ids, (n,).
        scores: logits of all classes, (n, classes).
        features: the recogniser's codes of the images, float32 (n, width), or None.
        writers: names of the writers, (n,), or None.
    """

    images: NDArray[np.uint8]
    labels: NDArray
    scores: NDArray
    features: typing.Any = None
    writers: typing.Any = None

    @classmethod
    def of_images(cls, reader, images, labels, writers=None) -> typing.Self:
        """Reads images with a `Classifier`, without moving or scaling them."""
        parts = (images[i : i + _BATCH] for i in range(0, len(images), _BATCH))
        tensors = (part[..., None].astype("float32") / 127.5 - 1 for part in parts)
        return cls._of(reader, tensors, labels, writers)

    @classmethod
    def of_store(cls, reader, store: ImageStore, place: bool = True) -> typing.Self:
        """Reads a store with a `Classifier`; `place`: moved and scaled as in a feed."""
        indices = np.arange(len(store))
        writers = np.array(store.source_names)[store.sources]
        if not place:
            return cls.of_images(reader, store.decode(indices), store.labels, writers)
        parts = (indices[i : i + _BATCH] for i in range(0, len(store), _BATCH))
        tensors = (placed(store, part) for part in parts)
        return cls._of(reader, tensors, store.labels, writers)

    @classmethod
    def _of(cls, reader, batches, labels, writers):
        columns = []
        for tensors in batches:
            features = predicted_rows(reader.encoder, tensors)
            scores = ops.convert_to_numpy(reader.to_logits(features))
            columns.append((to_uint8(tensors), scores, features))
        images, scores, features = map(np.concatenate, zip(*columns, strict=True))
        return cls(images, labels, scores, features, writers)

    @classmethod
    def join(cls, parts: Iterable[typing.Self]) -> typing.Self:
        """The images of several readings, without features and writers."""
        columns = zip(*((p.images, p.labels, p.scores) for p in parts), strict=True)
        return cls(*map(np.concatenate, columns))

    @property
    def greys(self) -> tuple[NDArray[np.uint8], NDArray, NDArray]:
        """(images, writers, labels), as `trait_by_hand` takes them."""
        return self.images, self.writers, self.labels

    @property
    def predicted(self) -> NDArray:
        """The predicted class ids, (n,)."""
        return np.argmax(self.scores, axis=1)

    @functools.cached_property
    def log_probabilities(self) -> NDArray:
        """Natural logarithms of the probabilities of the correct classes, (n,)."""
        logs = log_softmax(np.asarray(self.scores, np.float64), axis=1)
        return logs[np.arange(len(self.labels)), self.labels]

    def order(self, count: int) -> tuple[NDArray, NDArray]:
        """Rows whose correct class has the lowest, and the highest, probability.

        Returns:
            (at most `count` rows, the lowest first; as many, the highest first).
        """
        lowest = np.argsort(self.log_probabilities, kind="stable")[:count]
        return lowest, np.argsort(-self.log_probabilities, kind="stable")[:count]

    def accuracy(self) -> dict:
        """See `content_accuracy`."""
        return content_accuracy(self.scores, self.labels, logits=True)

    def select(self, rows: NDArray) -> typing.Self:
        """The readings of rows, given as indices or as a mask (n,)."""
        columns = (getattr(self, field.name) for field in dataclasses.fields(self))
        kept: list[typing.Any] = [None if c is None else c[rows] for c in columns]
        return type(self)(*kept)
