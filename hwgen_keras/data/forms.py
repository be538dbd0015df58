"""How hands lean and stretch characters, and how glyphs are bent likewise."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwgen_keras.data.rows import composed, fixed_place
from hwgen_keras.data.store import FONT, ImageStore
from hwgen_keras.errors import InputError
from hwgen_keras.sources.images import keeps_place

# Images of a hand that count as much as knowing nothing of it: the deviation of one
# image from its hand, in units of that between simulated hands, squared.
_PRIOR_IMAGES = 3.0
# Nobody leans or stretches characters more. One flat stroke, held a little obliquely,
# seems to: covariance over next to no variance.
_LIMITS = 0.5, 0.5
# Of a hand with more images some are measured.
_MOST_IMAGES = 256
_BLOCK = 1024


class Forms(NamedTuple):
    """How each source of a store leans and stretches characters, beside its fonts.

    Attributes:
        slant: (sources,), how far ink moves to the right per length upwards.
        stretch: (sources,), logarithm of width over height.
    """

    slant: NDArray
    stretch: NDArray


def second_moments(images: NDArray) -> NDArray:
    """Central second moments of ink: variance down, across, and covariance.

    Args:
        images: uint8 (n, height, width), 0 ink, 255 paper.

    Returns:
        (3, n), in squared pixels; 0 of images without ink.

    Reference: Teague, Image analysis via the general theory of moments, 1980.
    """
    parts = [
        _second_moments(images[first : first + _BLOCK])
        for first in range(0, len(images), _BLOCK)
    ]
    return np.concatenate([np.zeros((3, 0)), *parts], axis=1)


def _second_moments(images):
    ink = 255.0 - images
    ink = ink / np.maximum(ink.sum(axis=(1, 2), keepdims=True), 1)
    rows, columns = (np.arange(side, dtype=float) for side in images.shape[1:])
    row = rows - (ink.sum(axis=2) @ rows)[:, None]
    column = columns - (ink.sum(axis=1) @ columns)[:, None]
    down = (ink.sum(axis=2) * row**2).sum(axis=1)
    across = (ink.sum(axis=1) * column**2).sum(axis=1)
    return np.stack([down, across, np.einsum("nhw,nh,nw->n", ink, row, column)])


def slant_and_stretch(moments: NDArray) -> NDArray:
    """The shear that takes the covariance away, and what is then left of proportions.

    Args:
        moments: (3, …) of `second_moments`, or sums of them.

    Returns:
        (2, …): slant, to the right per length upwards; logarithm of width over height.
    """
    down, across, both = moments
    # A stroke has a width, so that only a blank image has no spread.
    down = np.maximum(down, 1e-2)
    upright = np.maximum(across - both**2 / down, 1e-2)
    return np.stack([-both / down, np.log(upright / down) / 2])


def measure_forms(store: ImageStore) -> Forms:
    """The forms of the sources of a store, beside the mean of its fonts.

    What the sources wrote is compared with the fonts' glyphs of the same characters.
    Of a hand with few images little is believed, by as much as images of one hand
    differ. Small kana and punctuation tell nothing of it.

    Args:
        store: an `ImageStore` with fonts.

    Raises:
        InputError: the store has no fonts.

    Example:
        >>> characters = hw.CharacterSet("two", "あい")
        >>> hands = hw.simulated_store([1, 2], characters, 32, progress=False)
        >>> fonts = hw.find_fonts("fonts")
        >>> glyphs = hw.font_store(fonts, characters, 32, progress=False)
        >>> store = hw.ImageStore.merge([glyphs, hands])
        >>> forms = hw.measure_forms(store)
        >>> forms.slant.shape == forms.stretch.shape == (len(store.source_names),)
        True
    """
    fonts = store.kinds == FONT
    if not fonts.any():
        raise InputError(
            "The store has no fonts to compare the forms of hands with; add one."
        )
    store = _compared(store, fonts)
    fonts = store.kinds == FONT
    moments = second_moments(store.decode(np.arange(len(store))))
    classes, sources = len(store.characters), len(store.source_names)
    glyphs = np.bincount(store.labels[fonts], minlength=classes)
    printed = np.stack(
        [np.bincount(store.labels[fonts], m[fonts], classes) for m in moments]
    ) / np.maximum(glyphs, 1)
    known = (glyphs[store.labels] > 0) & _bent(store)[store.labels]
    printed = printed[:, store.labels[known]]
    return Forms(*_believed(moments[:, known], printed, store.sources[known], sources))


def compare_forms(written: NDArray, printed: NDArray) -> NDArray:
    """How one hand leans and stretches characters, beside glyphs of the same ones.

    The estimate of `measure_forms`: of few images little is believed.

    Args:
        written: uint8 (n, height, width) by one hand, 0 ink, 255 paper.
        printed: uint8 (n, height, width), of each the glyph of its character.

    Returns:
        (2,): slant and stretch, see `Forms`; 0 where n is 0.
    """
    moments = second_moments(written), second_moments(printed)
    return _believed(*moments, np.zeros(len(written), np.int64), 1)[:, 0]


def _believed(written, printed, source, sources):
    """(2, sources) of the moments (3, n) of pairs, the n sources of which are given."""
    count = np.bincount(source, minlength=sources)

    def summed(moments):
        return np.stack([np.bincount(source, row, sources) for row in moments])

    difference = slant_and_stretch(summed(written)) - slant_and_stretch(summed(printed))
    limits = np.array(_LIMITS)[:, None]
    # A source without pairs has two empty sums, and so no difference.
    believed = np.clip(difference, -limits, limits)
    return believed * count / (count + _PRIOR_IMAGES)


def _bent(store):
    """Of each character of a store whether it is bent: not what is small or low."""
    return np.array([not keeps_place(character) for character in store.characters])


def _compared(store, fonts):
    """The images that are measured: some of each hand, and glyphs of these characters.

    More do not tell more of a hand, and a large set of fonts takes long to decode.
    """
    others = np.flatnonzero(~fonts)
    if not len(others):
        return store
    kept = []
    for source in np.unique(store.sources[others]):
        own = others[store.sources[others] == source]
        spread = np.linspace(0, len(own) - 1, min(len(own), _MOST_IMAGES))
        kept.append(own[spread.astype(int)])
    chosen = np.zeros(len(store), bool)
    chosen[np.concatenate(kept)] = True
    return store.select(chosen | (fonts & np.isin(store.labels, store.labels[chosen])))


def bending(images: NDArray, slant: ArrayLike, stretch: ArrayLike) -> NDArray:
    """Affine maps that stretch and shear images about the middle of their ink.

    The longer side of the ink is then as long as the longer one was: what fills its
    square fills it again, and what is small stays small.

    Args:
        images: uint8 (n, size, size), 0 ink, 255 paper.
        slant: (n,), to the right per length upwards.
        stretch: (n,), logarithm of the change of width over height.

    Returns:
        float32 (n, 6), as of `affine_matrix`.
    """
    slant, stretch = np.asarray(slant, float), np.asarray(stretch, float)
    maps = np.tile(np.array([1.0, 0, 0, 0, 1, 0]), (len(images), 1))
    for row, image, lean, wide in zip(maps, images, slant, stretch, strict=True):
        y, x = np.nonzero(image < 128)
        if not len(y):
            continue
        middle_y, middle_x = (v.min() + np.ptp(v) / 2 for v in (y, x))
        # Where ink goes: first wider or narrower, then sheared.
        longest = max(np.ptp(y), np.ptp(x)) + 1
        across = np.exp(wide / 2)
        y = (y - middle_y) / across
        x = across * (x - middle_x) - lean * y
        scale = (max(np.ptp(y), np.ptp(x)) + 1) / longest
        # And back: of a pixel of the bent image the place that it shows.
        centre_y, centre_x = (v.min() + np.ptp(v) / 2 for v in (y, x))
        centre_y -= scale * middle_y
        centre_x -= scale * middle_x
        row[:3] = np.array([scale, lean * scale, centre_x + lean * centre_y]) / across
        row[4:] = np.array([scale, centre_y]) * across
        row[[2, 5]] += middle_x, middle_y
    return maps.astype(np.float32)


def glyphs_place(
    images: NDArray, characters: Iterable[str], slant: float, stretch: float
) -> NDArray:
    """The affine maps that put glyphs in the fixed place, bent to one hand.

    What keeps its place is not bent: punctuation is no matter of a hand.

    Args:
        images: uint8 (n, size, size) without margins, 0 ink, 255 paper.
        characters: the n that they show.
        slant, stretch: what is added to theirs, see `Forms`.

    Returns:
        float32 (n, 6), as of `affine_matrix`.
    """
    maps = fixed_place(images.shape[1], len(images))
    if not slant and not stretch:
        return maps
    hand = np.array([not keeps_place(character) for character in characters], float)
    return composed(maps, bending(images, slant * hand, stretch * hand))


def followed(
    store: ImageStore, forms: Forms, table: dict[str, NDArray], hands: NDArray
) -> NDArray:
    """The affine maps of a table's content images, bent to the forms of hands.

    Small kana and punctuation stay as they are, as in `glyphs_place`.

    Args:
        store: where the images are.
        forms: of its sources.
        table: columns `content` and `content_affine`, for (n,) rows.
        hands: (n,) numbers of the sources to follow.

    Returns:
        float32 (n, 6), in the place of `content_affine`.
    """
    fonts, labels = (of[table["content"]] for of in (store.sources, store.labels))
    bent = _bent(store)[labels]
    differences = (bent * (values[hands] - values[fonts]) for values in forms)
    maps = bending(store.decode(table["content"]), *differences)
    return composed(table["content_affine"], maps)
