"""Hands as tracks: of stroke stores, fitted to images, and of simulated writers."""

import itertools
import pathlib

import numpy as np

from hwgen_keras import data, parallel
from hwgen_keras.characters import CharacterSet
from hwgen_keras.data import StrokeStore
from hwgen_keras.data.samples import read_sample
from hwgen_keras.errors import InputError
from hwgen_keras.inputs import cache as prepared
from hwgen_keras.inputs import loading as inputs
from hwgen_keras.inputs.hands import hand_samples, one_writer
from hwgen_keras.sources.fitting import fit_track
from hwgen_keras.sources.strokes import has_strokes

# Characters of a hand that are used, at most: more show nothing new of it.
MOST_OF_HAND = 100
# Images that a process fits in one go.
_IMAGES = 32


def load_tracks(settings, points, *, strokes=(), handwriting=(), simulated_writers=0):
    """The tracks of hands, each of at most `MOST_OF_HAND` characters.

    Args:
        settings: `Images`: the characters, how manifests are read, the cache.
        points: points of a line.
        strokes, handwriting, simulated_writers: values of the flags of these names.

    Returns:
        A list of `StrokeStore`, each of its own characters.

    Raises:
        InputError: a file cannot be read, or to no image of a manifest could be fitted.
    """
    characters = inputs.load_characters(settings)
    # Mistakes in manifests are reported before the slow fitting.
    listed = [inputs.load_samples(settings, path, characters) for path in handwriting]
    stores = []
    for path in strokes:
        store = StrokeStore.open(path)
        store.verify()
        stores.append(store.select(_few(store.sources.tolist())))
    if listed:
        samples = list(itertools.chain(*listed))
        chosen = _few([sample.writer for sample in samples])
        stores.append(fitted(settings.cache, [samples[k] for k in chosen], points))
    if simulated_writers:
        known = [c for c in characters if has_strokes(c)]
        if not known:
            raise InputError(
                f"--simulated_writers: KanjiVG has no character of {characters.name}."
            )
        known = CharacterSet(characters.name, known)
        writers = range(simulated_writers)
        stores.append(data.simulated_tracks(writers, known, MOST_OF_HAND, points))
    return stores


def load_hand_tracks(settings, points, *, strokes=(), handwriting=(), writer=None):
    """The tracks of one writer.

    Args:
        settings: how manifests are read, and the cache, see `Images`.
        points: points of a line.
        strokes, handwriting, writer: values of the flags of these names.

    Returns:
        (name of the writer, list of `Track`); (None, []) if no hand is named.

    Raises:
        InputError: there are several writers, or not the one of `--writer`; or see
            `load_tracks`.
    """
    if strokes and handwriting:
        raise InputError("Give one of --strokes and --handwriting.")
    if handwriting:
        samples = hand_samples(settings, handwriting, writer, "--handwriting")
        chosen = [samples[k] for k in data.evenly(len(samples), MOST_OF_HAND)]
        store, name = fitted(settings.cache, chosen, points), samples[0].writer
        return name, [store.track(index) for index in range(len(store))]
    hand: list = []
    for path in strokes:
        store = StrokeStore.open(path)
        store.verify()
        hand += [
            (store.source_names[source], store, index)
            for index, source in enumerate(store.sources)
        ]
    if not hand:
        return None, []
    name = one_writer([row[0] for row in hand], writer, "--strokes")
    own = [row[1:] for row in hand if row[0] == name]
    chosen = [own[k] for k in data.evenly(len(own), MOST_OF_HAND)]
    return name, [store.track(index) for store, index in chosen]


def fitted(cache, samples, points):
    """A stroke store of the tracks fitted to images; prints how many were refused.

    Args:
        cache: folder that keeps the tracks; empty: none, and one core does the work.
        samples: list of `Sample`.
        points: points of a line.

    Raises:
        InputError: none could be fitted.
    """
    path = None
    if cache:
        path = prepared.store_path(cache, "tracks", [prepared.key_of(samples), points])
        if path.exists():
            store = StrokeStore.open(path)
            store.verify()
            _report(len(samples) - len(store), len(samples))
            return store
    parts = [samples[k : k + _IMAGES] for k in range(0, len(samples), _IMAGES)]
    jobs = [(part, points) for part in parts]
    results: list[list] = [[]] * len(jobs)
    counts, workers = [len(part) for part in parts], None if cache else 1
    for index, result in parallel.each(
        fit_samples, jobs, "image", "fitting", counts, workers
    ):
        results[index] = result
    tracks, names, refused = [], [], []
    for sample, (fault, track) in zip(samples, itertools.chain(*results), strict=True):
        if fault is not None:
            refused.append(f"{sample.name}: {fault}")
            continue
        tracks.append(track)
        names.append(sample.writer)
    if not tracks:
        raise InputError(
            f"--handwriting: none of the {len(samples)} images could be fitted "
            f"({refused[0]}); give clear images of single characters."
        )
    _report(len(refused), len(samples), *refused[:1])
    store = StrokeStore.of_tracks(tracks, names, data.FITTED)
    if path is not None:
        pathlib.Path(cache).mkdir(parents=True, exist_ok=True)
        store.save(path)
    return store


def fitted_store(store, points):
    """The tracks fitted to images of a store, at most `MOST_OF_HAND` of each source.

    Args:
        store: an `ImageStore` of cleaned images.
        points: points of a line.

    Returns:
        A `StrokeStore` with the sources of the store; images to which no strokes could
        be fitted are left out.
    """
    chosen = _few(store.sources.tolist())
    jobs = [
        (
            [(store.decode_one(k), store.characters[store.labels[k]]) for k in part],
            points,
        )
        for part in (chosen[k : k + _IMAGES] for k in range(0, len(chosen), _IMAGES))
    ]
    parts: list[list] = [[]] * len(jobs)
    counts = [len(job[0]) for job in jobs]
    for index, part in parallel.each(_fit_images, jobs, "image", "fitting", counts):
        parts[index] = part
    fits = zip(chosen, itertools.chain(*parts), strict=True)
    good = [(track, store.sources[k]) for k, (fault, track) in fits if fault is None]
    names = [store.source_names[source] for _, source in good]
    return StrokeStore.of_tracks([track for track, _ in good], names, data.FITTED)


def _fit_images(images, points):
    return [fit_image(image, character, points)[:2] for image, character in images]


def _report(refused, count, example=""):
    if refused:
        example = f", such as {example}" if example else ""
        print(
            f"Left out {refused} of {count} images of handwriting, to which no strokes "
            f"could be fitted{example}.",
            flush=True,
        )


def fit_samples(samples, points):
    """What `fit_image` says of each sample, without the quality."""
    return [fit_image(read_sample(s), s.character, points)[:2] for s in samples]


def fit_image(image, character, points):
    """Fits a track to an image of a character, unless there is a fault.

    Args:
        image, character, points: see `fit_track`.

    Returns:
        (why the fit is refused, or None; the `Track`; its `FitQuality`).
    """
    if not has_strokes(character):
        return f"KanjiVG has no strokes for {character}", None, None
    try:
        track, quality = fit_track(image, character, points)
    except InputError as error:
        return str(error).rstrip("."), None, None
    return quality.fault, track, quality


def _few(writers):
    """The numbers of what each writer wrote, evenly chosen where there is too much."""
    places: dict = {}
    for number, writer in enumerate(writers):
        places.setdefault(writer, []).append(number)
    chosen = []
    for numbers in places.values():
        chosen += [numbers[k] for k in data.evenly(len(numbers), MOST_OF_HAND)]
    return np.sort(chosen)
