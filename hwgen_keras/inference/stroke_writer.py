"""A loaded stroke writer, which writes characters as strokes or as images."""

import collections
import hashlib
import warnings

import numpy as np

from hwgen_keras.data import MOST_SAMPLES
from hwgen_keras.errors import InputError, InputWarning, check_whole
from hwgen_keras.generation.tracks import FIRST_ROW, new_hand, write_tracks
from hwgen_keras.inference import pictures
from hwgen_keras.inference.arguments import characters_of
from hwgen_keras.inference.loaded import LoadedModel
from hwgen_keras.inputs import fit_image
from hwgen_keras.sources import Track
from hwgen_keras.sources.looks import Look
from hwgen_keras.vectors import track_svg

# Hands, and ways of sampling, that are kept, so that a further text is quick.
_KEPT = 8


class LoadedWriter(LoadedModel):
    """Writes characters stroke by stroke. `load` returns it.

    Args:
        engine, facts: from `load`.

    Attributes:
        kind: "writer".
        format: "keras", "saved_model" or "onnx".
        image_size: side of the images in pixels.

    Raises:
        InputError: no text gives what the writer's condition needs.

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
        if engine.model.condition is not None:
            from hwgen_keras.generation.sampling import check_writer

            check_writer(engine.model, engine.name)
        self._model = engine.model
        self._new, self._fits = _Recent(_KEPT), _Recent(_KEPT)
        self._sampling = _Recent(_KEPT)

    def write(self, text, style=None, *, image_size=None, look="clean", **settings):
        """Writes each character of a text as an image.

        Args:
            text, style, settings: see `strokes`.
            image_size: side in pixels; None: that of the model.
            look: `"clean"`, `"pen"` or `"scan"`, see `Look`; the pen and the scanner
                follow from `seed`.

        Returns:
            uint8 array (n, image_size, image_size), 0 ink, 255 paper.

        Raises:
            InputError: see `strokes`; there is no such look; or the image size is
                below 8.
        """
        size = self.image_size if image_size is None else image_size
        check_whole(size, "image_size", 8)
        drawn = Look(look, settings.get("seed", 0))
        tracks = self.strokes(text, style, **settings)
        return np.stack(
            [drawn.draw(track, size, row=row) for row, track in enumerate(tracks)]
        )

    def svg(self, text, style=None, *, animated=False, seconds=None, **settings):
        """Writes each character of a text as an SVG picture, see `track_svg`.

        Args:
            text, style, settings: see `strokes`.
            animated: whether the pictures are written stroke by stroke when they are
                shown.
            seconds: the time of each, 0.01 to 3600, which animates it; None: as long as
                a pen takes.

        Returns:
            A list of n strings, each an XML document.

        Raises:
            InputError: see `strokes`; the seconds are out of range; or the package
                pyclipper is not installed.
        """
        return [
            track_svg(track, seconds, animated=animated)
            for track in self.strokes(text, style, **settings)
        ]

    def strokes(
        self,
        text,
        style=None,
        *,
        style_text=None,
        seed=0,
        batch_size=32,
        temperature=None,
        join_temperature=None,
        sampler=None,
        steps=None,
        guidance=None,
    ):
        """Writes each character of a text as a `Track`.

        Args:
            text: n characters, a string or a list, none of them a space; any that
                KanjiVG describes.
            style: what the hand wrote, best 10 to 20 characters, of which no more are
                used: a list of `Track`, or images of known characters, as of
                `LoadedGenerator.write`, to which strokes are fitted (`fit_track`; the
                fits of the last 8 hands are kept); None: a new writer, who depends on
                `seed` alone.
            style_text: the characters of images, see `LoadedGenerator.write`. Images
                without a character are left out.
            seed: integer of 0 or more; another one writes everything anew.
            batch_size: characters written at once.
            temperature, join_temperature, sampler, steps, guidance: see
                `StrokeWriter`; those that are None, and scales that `guidance` leaves
                out, are as stored. They need Keras, and a `.keras` file.

        Returns:
            A list of n `Track`, which fill the box as images do.

        Raises:
            InputError: KanjiVG does not describe a character, a track of the hand does
                not fit its character, no character of the images is known, no strokes
                could be fitted to any, or a value is out of range.
        """
        characters = characters_of(text, "The text to write")
        check_whole(seed, "seed", 0)
        check_whole(batch_size, "batch_size", 1)
        chosen = {"temperature": temperature, "join_temperature": join_temperature}
        chosen |= {"sampler": sampler, "steps": steps}
        chosen["guidance"] = guidance
        chosen = {name: value for name, value in chosen.items() if value is not None}
        model = self._model
        if chosen:
            # What a backend has compiled belongs to one model.
            model = self._sampling.get(
                repr(chosen), lambda: self._engine.sampling(chosen).model
            )
        if style is None:
            if style_text is not None:
                raise InputError("There is style_text and no style; give both or none.")
            hand = self._new.get(seed, lambda: new_hand(self._model, seed))
        else:
            hand = self._hand(style, style_text)
        rows = FIRST_ROW + np.arange(len(characters))
        return write_tracks(model, characters, hand, seed, rows, batch_size)

    def _hand(self, style, style_text):
        """The tracks of `strokes`."""
        if isinstance(style, list | tuple):
            if not style:
                raise InputError(
                    "The style is empty; give at least one Track or image, or None."
                )
            if any(isinstance(shown, Track) for shown in style):
                if style_text is not None:
                    raise InputError(
                        "style_text is for images, and a Track has its character; "
                        "leave it out."
                    )
                return list(style)
        images, shown = pictures.labelled(style, style_text, MOST_SAMPLES)
        points = self._model.network.points
        fits = self._fits.get(
            _digest(images, shown),
            lambda: [
                fit_image(image, character, points)
                for image, character in zip(images, shown, strict=True)
            ],
        )
        hand = [track for fault, track, _ in fits if fault is None]
        faults = [
            f"{character}: {fault}"
            for (fault, _, _), character in zip(fits, shown, strict=True)
            if fault is not None
        ]
        if not hand:
            raise InputError(
                f"No strokes could be fitted to the {len(fits)} images of the style "
                f"({faults[0]}); give clear images of single characters."
            )
        if faults:
            warnings.warn(
                f"No strokes could be fitted to {len(faults)} of {len(fits)} images of "
                f"the style ({faults[0]}), which are left out.",
                InputWarning,
                stacklevel=4,
            )
        return hand


class _Recent:
    """The last few results of slow work, each by a key."""

    def __init__(self, most):
        self._most = most
        self._kept: collections.OrderedDict = collections.OrderedDict()

    def get(self, key, make):
        """The result of the key; `make()` where it is not kept."""
        result = self._kept.pop(key) if key in self._kept else make()
        self._kept[key] = result
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return result


def _digest(images, characters):
    """What tells hands of labelled images apart."""
    digest = hashlib.sha256(repr(characters).encode())
    for image in images:
        image = np.ascontiguousarray(image)
        digest.update(repr((image.shape, image.dtype.str)).encode())
        digest.update(image.data)
    return digest.digest()
