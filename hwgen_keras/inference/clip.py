"""A loaded CLIP, which embeds characters and images in the same space."""

import os
import pathlib
from collections.abc import Iterable

import numpy as np

from hwgen_keras.errors import InputError, check_whole, described
from hwgen_keras.inference import engines, pictures
from hwgen_keras.inference.arguments import characters_of
from hwgen_keras.inference.classifier import nearest
from hwgen_keras.inference.loaded import LoadedModel
from hwgen_keras.sources.pages.folders import IMAGES, list_images


class LoadedCLIP(LoadedModel):
    """Embeds characters, by their structure, and images of them. `load` returns it.

    Args:
        engine, facts: from `load`.

    Attributes:
        kind: "clip".
        format: "keras", "saved_model" or "onnx".
        image_size: side in pixels to which images are resized.
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

    def embed_characters(self, characters, *, batch_size=64):
        """Unit vectors of characters.

        Args:
            characters: n characters, a string or a list.
            batch_size: characters embedded at once.

        Returns:
            float32 (n, width); the product of two vectors is their cosine.

        Raises:
            InputError: there is no character, or one has no structure.
        """
        characters = characters_of(characters, "characters", keep=self.characters or ())
        inputs = self._facts.condition(self._engine, characters)
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
        return self._embed_images(images, batch_size, "images")

    def search(self, query, candidates, top_k=5, *, batch_size=64):
        """The candidates that are nearest to each query, by cosine.

        Args:
            query: n characters or images.
            candidates: characters or images, usually the other kind than `query`. A
                string that is no existing path and does not look like one, or a list
                of strings of one character, is characters. Anything else that
                `embed_images` takes is images.
            top_k: number of candidates for each query; at most all of them.
            batch_size: characters or images embedded at once.

        Returns:
            (nearest, cosines): a list of n lists of k candidates, the nearest first:
            characters, paths, or the positions from 0 of images that are no paths;
            and float32 (n, k).

        Raises:
            InputError: see `embed_characters` and `embed_images`.
        """
        check_whole(top_k, "top_k", 1)
        queries, _ = self._embed_either(query, batch_size, "query")
        vectors, names = self._embed_either(candidates, batch_size, "candidates")
        cosines = queries @ vectors.T
        best = nearest(cosines, top_k)
        named = [[names[k] for k in row] for row in best.tolist()]
        return named, np.take_along_axis(cosines, best, 1)

    def _embed_either(self, items, batch_size, argument):
        """Vectors of characters or images, and the name of each."""
        path = isinstance(items, str | os.PathLike)
        array = hasattr(items, "__array__")
        if isinstance(items, Iterable) and not (path or array):
            items = list(items)
        if _are_characters(items):
            if not len(items):
                raise InputError(f"{argument} is empty; give characters or images.")
            return self._embed_named(items, batch_size, argument)
        if path:
            items = list_images([items], argument)
        vectors = self._embed_images(items, batch_size, argument)
        if isinstance(items, list):
            if all(isinstance(item, str | os.PathLike) for item in items):
                return vectors, [pathlib.Path(item) for item in items]
        return vectors, range(len(vectors))

    def _embed_named(self, text, batch_size, argument):
        """Vectors of characters, and the characters."""
        try:
            names = characters_of(text, argument, keep=self.characters or ())
            return self.embed_characters(names, batch_size=batch_size), names
        except InputError as error:
            if not isinstance(text, str) or len(text) < 2:
                raise
            # The text was perhaps meant as a path.
            reason = str(error)
            reason = reason[0].lower() + reason[1:] if reason[:4] == "The " else reason
            raise InputError(
                f"{argument}: there is no file or folder {described(text)}, and "
                f"{reason}"
            ) from None

    def _embed_images(self, images, batch_size, name):
        inputs = {"image": pictures.prepare(images, self.image_size, name)}
        return self._embed(inputs, "image", batch_size)

    def _embed(self, inputs, output, batch_size):
        outputs = engines.run_batches(self._engine, inputs, batch_size)
        vectors = np.concatenate([batch[output] for batch in outputs], dtype=np.float32)
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors / np.maximum(length, np.finfo(np.float32).tiny)


def _are_characters(items):
    if isinstance(items, str):
        looks_like_path = os.path.dirname(items) or items.lower().endswith(IMAGES)
        return len(items) < 2 or not (looks_like_path or os.path.exists(items))
    return isinstance(items, list) and all(
        isinstance(item, str) and len(item) == 1 for item in items
    )
