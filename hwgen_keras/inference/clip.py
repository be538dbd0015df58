"""A loaded CLIP: characters and images in one space."""

import os
import pathlib

import numpy as np

from hwgen_keras.errors import InputError
from hwgen_keras.inference import engines, pictures
from hwgen_keras.inference.classifier import checked_top_k, nearest
from hwgen_keras.sources.pages.folders import list_images


class LoadedCLIP:
    """Embeds characters, by their structure, and images of them. `load` makes it.

    Args:
        engine, facts: what `load` found.

    Attributes:
        kind: "clip".
        format: "keras", "saved_model" or "onnx".
        image_size: side in pixels to which images are brought.
        characters: tuple of those it was trained on, or None where that is unknown.

    Example:

    >>> import hwgen_keras
    >>> structures = hwgen_keras.StructureTokenizer(hwgen_keras.read_structures())
    >>> size = structures.vocabulary_size, structures.length
    >>> text = hwgen_keras.TextEncoder(*size, width=16, depth=1, heads=2)
    >>> image = hwgen_keras.ImageEncoder(widths=(8, 16))
    >>> towers = hwgen_keras.ImageTower(image, 8), hwgen_keras.TextTower(text, 8)
    >>> clip = hwgen_keras.load(hwgen_keras.CLIP(*towers), image_size=32)
    >>> clip.embed_characters("漢字").shape
    (2, 8)
    >>> image = hwgen_keras.PenWriter(seed=1).draw("あ", image_size=48)
    >>> found, cosines = clip.search(image, "あいうえお", top_k=2)
    >>> len(found[0]), cosines.shape
    (2, (1, 2))
    """

    kind = "clip"

    def __init__(self, engine, facts):
        self._engine, self._facts, self.format = engine, facts, engine.format
        self.image_size = facts.image_size
        self.characters = facts.characters and tuple(facts.characters)

    def __repr__(self):
        return (
            f"<{type(self).__name__} {self._engine.name}: {self.format}, "
            f"{self.image_size} px>"
        )

    def embed_characters(self, characters, *, batch_size=64):
        """Unit vectors of characters.

        Args:
            characters: n characters, a string or a list.
            batch_size: characters embedded at once.

        Returns:
            float32 (n, width); the product of two of them is their cosine.

        Raises:
            InputError: a character has no structure.
        """
        inputs = self._facts.condition(self._engine, list(characters))
        return self._embed(inputs, "text", batch_size)

    def embed_images(self, images, *, batch_size=64):
        """Unit vectors of images.

        Args:
            images: n images, in any form that `LoadedClassifier.read` takes.
            batch_size: images embedded at once.

        Returns:
            float32 (n, width), see `embed_characters`.

        Raises:
            InputError: an image cannot be read or is blank.
        """
        inputs = {"image": pictures.prepare(images, self.image_size)}
        return self._embed(inputs, "image", batch_size)

    def search(self, query, candidates, top_k=5, *, batch_size=64):
        """The candidates that are nearest to each query, by cosine.

        Args:
            query: n characters or images.
            candidates: characters or images; usually characters for images, or images
                for characters. Characters are a string, or a list of strings of one
                character; anything else that `embed_images` takes is images, among
                it strings of two and more characters that are paths.
            top_k: how many to find for each; at most all of them.
            batch_size: characters or images embedded at once.

        Returns:
            (found, cosines): a list of n lists of k candidates, the nearest first:
            characters, paths, or of images that are no paths their positions, from 0;
            and float32 (n, k).

        Raises:
            InputError: see `embed_characters` and `embed_images`.
        """
        queries, _ = self._any(query, batch_size, "query")
        vectors, names = self._any(candidates, batch_size, "candidates")
        top_k = checked_top_k(top_k, len(vectors))
        cosines = queries @ vectors.T
        best = nearest(cosines, top_k)
        found = [[names[k] for k in row] for row in best.tolist()]
        return found, np.take_along_axis(cosines, best, 1)

    def _any(self, given, batch_size, name):
        """Vectors of characters or images, and what to call each."""
        if not isinstance(given, str | os.PathLike) and not hasattr(given, "__array__"):
            given = list(given) if hasattr(given, "__iter__") else [given]
        if _are_characters(given):
            names = list(given)
            if not names:
                raise InputError(f"{name} is empty; give characters or images.")
            return self.embed_characters(names, batch_size=batch_size), names
        if isinstance(given, str | os.PathLike):
            given = list_images([given], name)
        vectors = self.embed_images(given, batch_size=batch_size)
        names = range(len(vectors))
        if isinstance(given, list) and all(
            isinstance(one, str | os.PathLike) for one in given
        ):
            names = [pathlib.Path(one) for one in given]
        return vectors, names

    def _embed(self, inputs, output, batch_size):
        found = engines.run_batches(self._engine, inputs, batch_size)
        vectors = np.concatenate([batch[output] for batch in found]).astype(np.float32)
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / np.maximum(length, np.finfo(np.float32).tiny)


def _are_characters(given):
    if isinstance(given, str):
        return len(given) < 2 or not os.path.exists(given)
    return isinstance(given, list) and all(
        isinstance(one, str) and len(one) == 1 for one in given
    )
