"""Tells which sources of two stores write the same hand, under whatever names."""

from typing import NamedTuple

import numpy as np
from skimage.filters import gaussian

from hwgen_keras.characters import script_of
from hwgen_keras.data import ImageStore

# Of the side of an image. So blurred, strokes that lie side by side agree in part.
_BLUR = 1 / 32
# Of 25 kanji and 40 kana in 45 fonts, those of one hand agree by 0.96 and more, two
# weights of one face and two faces of one style of print by 0.91 at most.
SAME = 0.94
# Fewer common characters prove nothing.
LEAST_COMMON = 8


class SameHand(NamedTuple):
    """Two sources whose glyphs agree."""

    test: str
    known: str
    script: str  # see `script_of`
    correlation: float  # a mean over the common characters of the script


def same_hands(
    known: ImageStore, tests: ImageStore, least: float = SAME
) -> list[SameHand]:
    """The sources of a test whose hand is that of known sources, script by script.

    A hand may come under several names: as a style of a family, as another font made
    from it, or with its kana in a font of other kanji. Compared are blurred images of
    the same characters, such as 25 kanji and the kana.

    Args:
        known, tests: stores of images of one size; of each source and character the
            first image counts.
        least: correlation from which two sources are of one hand, in (0, 1].

    Returns:
        A list of `SameHand`: of each source of the tests and script the strongest.

    Raises:
        InputError: images of a store differ in size, or one is damaged.

    Example:
        >>> ten = hw.CharacterSet("ten", "あいうえおかきくけこ")
        >>> one = hw.simulated_store([1], ten, 32, progress=False)
        >>> [(hand.script, hand.correlation) for hand in hw.same_hands(one, one)]
        [('hiragana', 1.0)]
    """
    seen = _blurred(known)
    found: dict[tuple[str, str], SameHand] = {}
    for (name, script), own in _blurred(tests).items():
        for (other, other_script), images in seen.items():
            if script != other_script:
                continue
            pair = SameHand(name, other, script, _correlation(own, images))
            best = found.get((name, script))
            if best is None or pair.correlation > best.correlation:
                found[name, script] = pair
    return [pair for pair in found.values() if pair.correlation >= least]


def _blurred(store):
    """{(source, script): {character: image of mean 0 and norm 1}}."""
    found: dict[tuple[str, str], dict[str, np.ndarray]] = {}
    for index, (source, label) in enumerate(
        zip(store.sources.tolist(), store.labels.tolist(), strict=True)
    ):
        character = store.characters[label]
        key = store.source_names[source], script_of(character)
        images = found.setdefault(key, {})
        if character not in images:
            ink = 255.0 - store.decode_one(index)
            ink = gaussian(ink, _BLUR * len(ink), mode="constant")
            ink -= ink.mean()
            images[character] = ink / max(float(np.linalg.norm(ink)), 1e-9)
    return found


def _correlation(images, others):
    """The mean over the common characters; 0 where these are too few."""
    common = images.keys() & others.keys()
    if len(common) < LEAST_COMMON:
        return 0.0
    values = [float((images[name] * others[name]).sum()) for name in common]
    return round(float(np.mean(values)), 4)
