"""The slant and the stretch of hands, and glyphs transformed accordingly."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwgen_keras.data.rows import composed, fixed_place
from hwgen_keras.data.store import FONT, ImageStore
from hwgen_keras.errors import InputError
from hwgen_keras.sources.images import keeps_place

# Weight of the prior, 0, in images: the variance within simulated hands over that
# between them.
_PRIOR_IMAGES = 3.0
# Of slant and stretch. A single flat, slightly oblique stroke would exceed it: its
# covariance is divided by nearly no variance.
_LIMIT = 0.5
_MOST_IMAGES = 256  # measured of each hand
_BLOCK = 1024


class Forms(NamedTuple):
    """The slant and the stretch of each source of a store, relative to its fonts.

    Attributes:
        slant: (sources,), shift to the right per length upwards.
        stretch: (sources,), logarithm of width over height.
    """

    slant: NDArray
    stretch: NDArray


def second_moments(images: NDArray) -> NDArray:
    """Central second moments of ink: variance down, across, and covariance.

    Args:
        images: uint8 (n, height, width), 0 ink, 255 paper.

    Returns:
        (3, n), in squared pixels; 0 for images without ink.

    Reference: Teague, Image analysis via the general theory of moments, 1980.
    """
    blocks = np.split(images, range(_BLOCK, len(images), _BLOCK))
    return np.concatenate([_block_moments(block) for block in blocks], axis=1)


def _block_moments(images):
    ink = 255.0 - images
    ink = ink / np.maximum(ink.sum(axis=(1, 2), keepdims=True), 1)
    rows, columns = (np.arange(side, dtype=float) for side in images.shape[1:])
    row = rows - (ink.sum(axis=2) @ rows)[:, None]
    column = columns - (ink.sum(axis=1) @ columns)[:, None]
    down = (ink.sum(axis=2) * row**2).sum(axis=1)
    across = (ink.sum(axis=1) * column**2).sum(axis=1)
    return np.stack([down, across, np.einsum("nhw,nh,nw->n", ink, row, column)])


def slant_and_stretch(moments: NDArray) -> NDArray:
    """The shear that removes the covariance, and the proportions without it.

    Args:
        moments: (3, …) of `second_moments`, or sums of them.

    Returns:
        (2, …): slant, to the right per length upwards; logarithm of width over height.
    """
    down, across, both = moments
    # Only a blank image has no spread, since a stroke has a width.
    down = np.maximum(down, 1e-2)
    upright = np.maximum(across - both**2 / down, 1e-2)
    return np.stack([-both / down, np.log(upright / down) / 2])


def measure_forms(store: ImageStore) -> Forms:
    """The forms of the sources of a store, relative to the mean of its fonts.

    The images of a source are compared with the fonts' glyphs of the same characters,
    without small kana and punctuation. The estimates of a source with few images are
    close to 0.

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
    printed = _summed(moments[:, fonts], store.labels[fonts], classes)
    printed = printed / np.maximum(glyphs, 1)
    known = ((glyphs > 0) & _transformed(store.characters))[store.labels]
    printed = printed[:, store.labels[known]]
    return Forms(*_estimate(moments[:, known], printed, store.sources[known], sources))


def compare_forms(written: NDArray, printed: NDArray) -> NDArray:
    """The estimate of `measure_forms` for one hand: slant and stretch, (2,).

    Args:
        written: uint8 (n, height, width) by one hand, 0 ink, 255 paper; n may be 0.
        printed: uint8 (n, height, width), the glyphs of the same characters.
    """
    moments = second_moments(written), second_moments(printed)
    return _estimate(*moments, np.zeros(len(written), np.int64), 1)[:, 0]


def _estimate(written, printed, source, sources):
    """Slants and stretches, (2, sources), of the moments (3, n) of n pairs."""
    written, printed = (
        slant_and_stretch(_summed(m, source, sources)) for m in (written, printed)
    )
    # A source without pairs has two empty sums, and so no difference.
    difference = np.clip(written - printed, -_LIMIT, _LIMIT)
    count = np.bincount(source, minlength=sources)
    return difference * count / (count + _PRIOR_IMAGES)


def _summed(moments, groups, count):
    return np.stack([np.bincount(groups, row, count) for row in moments])


def _transformed(characters):
    """Which characters follow a hand: not small kana and punctuation."""
    return np.array([not keeps_place(character) for character in characters], bool)


def _compared(store, fonts):
    """A sample of each hand, and the glyphs of its characters, for a short decoding."""
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
    """Affine maps, float32 (n, 6), that stretch and shear images about their ink.

    The longer side of the ink keeps its length, so that ink that fills its square
    still does.

    Args:
        images: uint8 (n, size, size), 0 ink, 255 paper.
        slant: (n,), to the right per length upwards.
        stretch: (n,), logarithm of the change of width over height.
    """
    slant, stretch = np.asarray(slant, float), np.asarray(stretch, float)
    maps = np.tile(np.array([1.0, 0, 0, 0, 1, 0]), (len(images), 1))
    for row, image, lean, wide in zip(maps, images, slant, stretch, strict=True):
        y, x = np.nonzero(image < 128)
        if not len(y):
            continue
        middle_y, middle_x = (v.min() + np.ptp(v) / 2 for v in (y, x))
        # The positions of ink after the stretch and the shear.
        longest = max(np.ptp(y), np.ptp(x)) + 1
        across = np.exp(wide / 2)
        y = (y - middle_y) / across
        x = across * (x - middle_x) - lean * y
        scale = (max(np.ptp(y), np.ptp(x)) + 1) / longest
        # The inverse, from pixels of the output to the input.
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
    """Affine maps, float32 (n, 6), of glyphs to the fixed place, in the form of a hand.

    Small kana and punctuation keep their form.

    Args:
        images: uint8 (n, size, size) without margins, 0 ink, 255 paper.
        characters: the n characters of the images.
        slant, stretch: differences to the hand, see `Forms`.
    """
    maps = fixed_place(images.shape[1], len(images))
    if not slant and not stretch:
        return maps
    weight = _transformed(characters)
    return composed(maps, bending(images, slant * weight, stretch * weight))


def followed(
    store: ImageStore, forms: Forms, table: dict[str, NDArray], hands: NDArray
) -> NDArray:
    """The `content_affine`, float32 (n, 6), of a table in the forms of hands.

    Small kana and punctuation keep their form.

    Args:
        store: the `ImageStore`.
        forms: `Forms` of its sources.
        table: columns `content` and `content_affine`, for n rows.
        hands: (n,), numbers of the sources to follow.
    """
    content = table["content"]
    fonts, weight = store.sources[content], _transformed(store.characters)
    weight = weight[store.labels[content]]
    differences = (weight * (values[hands] - values[fonts]) for values in forms)
    maps = bending(store.decode(content), *differences)
    return composed(table["content_affine"], maps)
