"""A loaded stroke writer, which writes characters as strokes or as images."""

import numpy as np

from hwgen_keras.errors import InputError, as_list, check_whole
from hwgen_keras.generation import to_uint8
from hwgen_keras.generation.sampling import check_writer
from hwgen_keras.generation.tracks import new_hand, write_tracks
from hwgen_keras.inference.arguments import characters_of
from hwgen_keras.inference.loaded import LoadedModel
from hwgen_keras.layers import QuickStrokeRenderer


class LoadedWriter(LoadedModel):
    """Writes characters stroke by stroke. `load` returns it.

    Args:
        engine, facts: from `load`.

    Attributes:
        kind: "writer".
        format: "keras".
        image_size: side of the images in pixels.

    Raises:
        InputError: the writer has a condition.

    Example:

    >>> import hwgen_keras
    >>> network = hwgen_keras.StrokeTransformer(width=16, depth=1, heads=2)
    >>> writer = hwgen_keras.load(hwgen_keras.StrokeWriter(network), image_size=32)
    >>> pen = hwgen_keras.PenWriter(seed=1)
    >>> hand = [pen.track(character) for character in "あいう"]
    >>> writer.write("永い", hand).shape
    (2, 32, 32)
    >>> writer.strokes("永い", hand)[0].n
    5
    """

    def __init__(self, engine, facts):
        super().__init__(engine, facts)
        check_writer(engine.model, engine.name)
        self._model = engine.model
        self._hands: dict = {}

    def write(self, text, hand=None, *, image_size=None, **settings):
        """Writes each character of a text as an image.

        Args:
            text, hand, settings: see `strokes`.
            image_size: side in pixels; None: that of the model.

        Returns:
            uint8 array (n, image_size, image_size), 0 ink, 255 paper.

        Raises:
            InputError: see `strokes`; or the image size is below 8.
        """
        size = self.image_size if image_size is None else image_size
        check_whole(size, "image_size", 8)
        renderer = QuickStrokeRenderer(size)
        images = []
        for track in self.strokes(text, hand, **settings):
            arrays = {"points": track.points[None], "radii": track.radii[None]}
            images.append(to_uint8(renderer(arrays)))
        return np.concatenate(images)

    def strokes(
        self,
        text,
        hand=None,
        *,
        seed=0,
        batch_size=32,
        temperature=None,
        sampler=None,
        steps=None,
        guidance=None,
    ):
        """Writes each character of a text as a `Track`.

        Args:
            text: n characters, a string or a list, none of them a space; any that
                KanjiVG describes.
            hand: what the hand wrote: a list of `Track` of any characters, best of 10
                to 20; None: a new writer, who depends on `seed` alone.
            seed: integer of 0 or more; another one writes everything anew.
            batch_size: characters written at once.
            temperature, sampler, steps, guidance: see `StrokeWriter`; those that are
                None, and scales that `guidance` leaves out, are as stored.

        Returns:
            A list of n `Track`, which fill the box as images do.

        Raises:
            InputError: KanjiVG does not describe a character, a track of the hand does
                not fit its character, or a value is out of range.
        """
        characters = characters_of(text, "The text to write")
        check_whole(seed, "seed", 0)
        check_whole(batch_size, "batch_size", 1)
        chosen = {"temperature": temperature, "sampler": sampler, "steps": steps}
        chosen["guidance"] = guidance
        chosen = {name: value for name, value in chosen.items() if value is not None}
        model = self._engine.sampling(chosen).model if chosen else self._model
        if hand is None:
            if seed not in self._hands:
                self._hands[seed] = new_hand(self._model, seed)
            hand = self._hands[seed]
        else:
            hand = as_list(hand, "hand", "a list of Track")
            if not hand:
                raise InputError("The hand is empty; give at least one Track, or None.")
        # A character may not get the noise that the hand's own had.
        rows = 1000 + np.arange(len(characters))
        return write_tracks(model, characters, hand, seed, rows, batch_size)
