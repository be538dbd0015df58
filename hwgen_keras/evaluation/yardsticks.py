"""Yardsticks: test images by source, each writer, font and look for itself."""

from typing import NamedTuple

import numpy as np

from hwgen_keras import inputs
from hwgen_keras.characters import CharacterSet, is_kanji
from hwgen_keras.data import HANDWRITING, ImageStore, StrokeStore
from hwgen_keras.data.looked import SCAN_SIZE, looked_store
from hwgen_keras.errors import InputError
from hwgen_keras.inputs import cache as prepared
from hwgen_keras.sources import Look
from hwgen_keras.sources.looks.look import CLEAN, PEN

# The tests that are no manifests.
FONTS, STROKES = "fonts", "strokes"


class Yardstick(NamedTuple):
    """Test images of one source, a writer or a font, in one look.

    Attributes:
        test: name of the test.
        look: a name of a `Look`.
        source: name of the source.
        store: `ImageStore` of the images alone, cleaned, without margins.
        names: of the images, a list.
        blank: number of images that the look left blank; white paper is read for them.
    """

    test: str
    look: str
    source: str
    store: ImageStore
    names: list[str]
    blank: int = 0


def load_yardsticks(
    settings,
    tests=None,
    fonts=(),
    strokes=(),
    looks=(CLEAN,),
    kanji_each=0,
    seed=0,
    characters=None,
    sift=None,
):
    """The test images of manifests, fonts and strokes, each source for itself.

    Args:
        settings: `Images`.
        tests: {name: paths of manifests, stores or folders}.
        fonts: as --fonts; each font is a source.
        strokes: paths of stores of strokes.
        looks: names of looks. Of images only `"clean"` and `"scan"` are made, since a
            pen draws strokes alone.
        kanji_each: kanji of each source, at most, drawn by the seed; 0: all.
        seed: of the choice and of the looks.
        characters: the `CharacterSet`; None: that of the settings.
        sift: function from the `ImageStore` of the fonts to the part that is read;
            None: all.

    Returns:
        A list of `Yardstick`, in the order of tests, looks and sources.

    Raises:
        InputError: a file cannot be read, or there is no image of the characters.
    """
    characters = characters or inputs.load_characters(settings)
    found: list[Yardstick] = []
    ranks = _ranks(characters, seed)
    for name, paths in (tests or {}).items():
        samples = [
            s for p in paths for s in inputs.load_samples(settings, p, characters)
        ]
        samples = _first_kanji(samples, ranks, kanji_each)

        def cleaned(size, samples=samples):
            kind, cache = HANDWRITING, settings.cache
            return prepared.cleaned(cache, samples, characters, size, kind)

        names = [sample.name for sample in samples]
        found += _in_looks(settings, name, cleaned, names, looks, seed)
    if fonts:
        known = _some_kanji(characters, ranks, kanji_each)

        def glyphs(size):
            sized = settings.replace(image_size=size)
            try:
                store = inputs.load_store(sized, fonts=fonts, characters=known)
            except InputError as error:
                raise InputError(
                    str(error).replace("--fonts", "--test_fonts")
                ) from None
            store = store.relabel(characters)
            return sift(store) if sift else store

        found += _in_looks(settings, FONTS, glyphs, None, looks, seed, _most(fonts))
    for path in strokes:
        tracks = StrokeStore.open(path)
        tracks.verify()
        known = _some_kanji(characters, ranks, kanji_each)
        tracks = tracks.relabel(known).relabel(characters)
        for look in looks:
            found += _seen(settings, STROKES, tracks, None, Look(look, seed))
    return found


def _in_looks(settings, test, load, names, looks, seed, most=None):
    """The yardsticks of images; `load` makes their store in a size."""
    size = settings.image_size
    for look in looks:
        if look == CLEAN:
            yield from _by_source(test, look, load(size), names)
        elif look != PEN:
            large = min(SCAN_SIZE * size, most or SCAN_SIZE * size)
            yield from _seen(settings, test, load(large), names, Look(look, seed))


def _seen(settings, test, store, names, look):
    workers = None if settings.cache else 1
    looked, blank = looked_store(store, look, settings.image_size, workers)
    return _by_source(test, look.name, looked, names, blank)


def _by_source(test, look, store, names, blank=None):
    """A `Yardstick` of each source of a store."""
    for number in np.unique(store.sources):
        rows = np.flatnonzero(store.sources == number)
        source, own = store.source_names[number], store.select(rows)
        listed = [names[k] for k in rows] if names else [source] * len(rows)
        empty = 0 if blank is None else int(blank[rows].sum())
        yield Yardstick(test, look, source, own, listed, empty)


def _ranks(characters, seed):
    """{kanji: its place in an order drawn by the seed}."""
    kanji = [character for character in characters if is_kanji(character)]
    order = np.random.default_rng(seed).permutation(len(kanji)).tolist()
    return dict(zip(kanji, order, strict=True))


def _some_kanji(characters, ranks, each):
    """The set without all but the first kanji, of which every source has the same."""
    if not each:
        return characters
    kept = [c for c in characters if ranks.get(c, -1) < each]
    return CharacterSet(characters.name, kept)


def _first_kanji(samples, ranks, each):
    """The samples without all but the first kanji of each writer; 0: all samples."""
    if not each:
        return samples
    kanji: dict[str, list] = {}
    for number, sample in enumerate(samples):
        if sample.character in ranks:
            rows = kanji.setdefault(sample.writer, [])
            rows.append((ranks[sample.character], number))
    left_out = {n for rows in kanji.values() for _, n in sorted(rows)[each:]}
    return [s for n, s in enumerate(samples) if n not in left_out]


def _most(fonts):
    """The smallest size of the stores among fonts, which are not enlarged, or None."""
    stores = [ImageStore.open(path) for path in fonts if path.endswith(".store")]
    return min((s.image_size for s in stores if s.image_size), default=None)
