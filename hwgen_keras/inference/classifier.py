"""A loaded classifier, which reads images."""

import numpy as np

from hwgen_keras.errors import check_whole
from hwgen_keras.inference import engines, pictures
from hwgen_keras.inference.arguments import candidates_of
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

    def read(self, images, top_k=5, *, characters=None, box_margin=None, batch_size=64):
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
            characters: those among which the answers are, where it is known what may
                be written: a script of `SCRIPTS`, all characters of it that the model
                reads ("hiragana", "katakana", "kanji", "others"); a name of
                `character_set` ("kana", "etl8", "jis1", "japanese"); any other string
                or a list, the characters themselves; a `CharacterSet`, or the path
                (`pathlib.Path`) of its file. None: all that the model reads.
            box_margin: None, or a number in [0, 0.4] if each scan is the whole box in
                which the character was written, as a cell of a form is: the share of
                its side that large characters leave free at each edge. A value too
                large or too small makes small kana of large ones, or the reverse.
                Floats that are taken as they are have their place already.
            batch_size: images read at once.

        Returns:
            (characters, probabilities): a list of n lists of k strings, the most
            probable first, and float32 (n, k), their probabilities, which sum to 1
            over the characters that were allowed.

        Raises:
            InputError: an image cannot be read or is blank, a value is out of range,
                or the model does not read one of `characters`.
        """
        check_whole(top_k, "top_k", 1)
        chosen = candidates_of(characters, self.characters, self._engine.name)
        known = [self.characters[k] for k in chosen]
        odds = self._read(images, batch_size, chosen)
        in_place = np.array([keeps_place(c) for c in known], bool)
        if box_margin is not None and in_place.any():
            whole = self._read(images, batch_size, chosen, box_margin)
            enlarged = _shares(np.where(in_place, 0, odds))
            others = whole[:, ~in_place].sum(1, keepdims=True)
            odds = np.where(in_place, whole, others * enlarged)
        best = nearest(odds, top_k)
        read = [[known[k] for k in row] for row in best]
        return read, np.take_along_axis(odds, best, 1).astype(np.float32)

    def _read(self, images, batch_size, chosen, box_margin=None):
        """The probabilities of the chosen classes among themselves, (n, chosen)."""
        prepared = pictures.prepare(images, self.image_size, box_margin=box_margin)
        outputs = engines.run_batches(self._engine, {"image": prepared}, batch_size)
        odds = np.concatenate([batch["probabilities"] for batch in outputs])
        return odds if odds.shape[1] == len(chosen) else _shares(odds[:, chosen])


def _shares(odds):
    """Rows of numbers of 0 or more, scaled to a sum of 1; all equal where it is 0."""
    odds = odds.astype(np.float64)
    sums = odds.sum(1, keepdims=True)
    return np.where(sums > 0, odds / np.where(sums > 0, sums, 1), 1 / odds.shape[1])


def nearest(scores, top_k):
    """Positions of the `top_k` highest scores of each row, the highest first."""
    return np.argsort(-scores, axis=1, kind="stable")[:, :top_k]
