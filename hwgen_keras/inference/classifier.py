"""A loaded classifier, which reads images."""

import numpy as np

from hwgen_keras.errors import check_whole
from hwgen_keras.inference import engines, pictures
from hwgen_keras.inference.loaded import LoadedModel
from hwgen_keras.sources.images import keeps_place


class LoadedClassifier(LoadedModel):
    """Reads images of single characters. `load` returns it.

    Args:
        engine, facts: from `load`.

    Attributes:
        kind: "classifier".
        format: "keras", "saved_model" or "onnx".
        image_size: side in pixels to which images are resized.
        characters: tuple of the characters that it can read, in the order of classes.

    Example:

    >>> import hwgen_keras
    >>> encoder = hwgen_keras.ImageEncoder(widths=(8, 16))
    >>> untrained = hwgen_keras.Classifier(encoder, classes=92)
    >>> classifier = hwgen_keras.load(untrained, characters="kana", image_size=32)
    >>> image = hwgen_keras.PenWriter(seed=1).draw("あ", image_size=48)
    >>> characters, probabilities = classifier.read(image, top_k=3)
    >>> len(characters), len(characters[0]), probabilities.shape
    (1, 3, (1, 3))
    """

    def __init__(self, engine, facts):
        super().__init__(engine, facts)
        self.characters = tuple(facts.classes(engine))

    def read(self, images, top_k=5, *, box_margin=None, batch_size=64):
        """Reads images, each of one character.

        The ink of a scan is enlarged to the square, as that of trainings is, so that
        っ is read as つ. With `box_margin`, size and place tell them apart: each scan
        is read in its place, too, which decides how probable the characters are that
        keep their place (small kana, punctuation, lower-case letters).

        Args:
            images: n images: an array (n, height, width) or (n, height, width, 1) of
                uint8 (0 ink, 255 paper) or floats in [-1, 1] (-1 ink), an array
                (height, width), a path of an image or of a folder, a PIL image, or a
                list of paths, arrays or PIL images, of any sizes. The images of a
                folder are in the order of their paths. See
                `inference.pictures.prepare` for how each is prepared.
            top_k: number of characters for each image; at most all of them.
            box_margin: None, or a number in [0, 0.4] if each scan is the whole box in
                which the character was written, as a cell of a form is: the share of
                its side that large characters leave free at each edge. A value too
                large or too small makes small kana of large ones, or the reverse.
                Floats that are taken as they are have their place already.
            batch_size: images read at once.

        Returns:
            (characters, probabilities): a list of n lists of k strings, the most
            probable first, and float32 (n, k), their probabilities.

        Raises:
            InputError: an image cannot be read or is blank, or a value is out of
                range.
        """
        check_whole(top_k, "top_k", 1)
        odds = self._read(images, batch_size)
        in_place = np.array([keeps_place(c) for c in self.characters], bool)
        if box_margin is not None and in_place.any():
            whole = self._read(images, batch_size, box_margin)
            enlarged = np.where(in_place, 0, odds)
            enlarged /= np.maximum(enlarged.sum(1, keepdims=True), 1e-9)
            others = whole[:, ~in_place].sum(1, keepdims=True)
            odds = np.where(in_place, whole, others * enlarged)
        best = nearest(odds, top_k)
        characters = [[self.characters[k] for k in row] for row in best]
        return characters, np.take_along_axis(odds, best, 1).astype(np.float32)

    def _read(self, images, batch_size, box_margin=None):
        """The probabilities of all classes, float32 (n, classes)."""
        prepared = pictures.prepare(images, self.image_size, box_margin=box_margin)
        outputs = engines.run_batches(self._engine, {"image": prepared}, batch_size)
        return np.concatenate([batch["probabilities"] for batch in outputs])


def nearest(scores, top_k):
    """Positions of the `top_k` highest scores of each row, the highest first."""
    return np.argsort(-scores, axis=1, kind="stable")[:, :top_k]
