"""Parts of a stroke store: tracks fitted to images of characters."""

import collections
import dataclasses

import numpy as np

import hwgen_keras
from hwgen_keras import data, inputs
from hwgen_keras.characters import character_set, is_kanji
from hwgen_keras.data.samples import read_sample
from hwgen_keras.errors import InputError
from hwgen_keras.files import write_json, write_text
from hwgen_keras.sources import clean_image
from hwgen_keras.sources.fitting import draw_track

from .licences import licence
from .parts import make_parts
from .sheets import draw_track as draw_lines
from .sheets import save_grid

# Images of a part, which is fitted in one go.
_IMAGES = 128
# The reader's guesses of which one must be the character.
_FIRST = 5
_CELL = 120


def fit(settings, samples, licences, characters, output):
    """Fits tracks to the images that have none yet.

    Args:
        settings: of prepare_strokes.
        samples, licences: lists of `Sample` and of their licences.
        characters: the `CharacterSet` of the store.
        output: the folder of the result.

    Returns:
        One record of all parts, see `fit_part`, and the stores of the kept fits.
    """
    arguments = characters, settings.points
    rows = samples, licences, _IMAGES
    words = "fitted", "image", "fitting"
    record, files = make_parts(settings, output, *words, fit_part, arguments, *rows)
    stores = [data.StrokeStore.open(file) for file in files]
    if settings.reader is not None and stores:
        stores = _read_back(settings.reader, record, stores)
    return record, stores


def fit_part(samples, licences, characters, points, path):
    """Fits tracks to images and writes them as a store, then a JSON file of figures.

    Args:
        samples: {number: `Sample`}.
        licences: {number: licence}.
        characters: the `CharacterSet` of the store; other images are refused.
        points: points of each line.
        path: of the JSON file; the store is beside it, with the same name, unless no
            fit was kept. In it `fitted` has the numbers of the kept ones, `quality`
            the `FitQuality` of each, `refused` pairs (number, why).
    """
    record = {"fitted": [], "quality": [], "refused": []}
    tracks = {}
    for number, sample in samples.items():
        fault, track, quality = fit_one(sample, characters, points)
        if fault:
            record["refused"].append((number, fault))
            continue
        tracks[number] = track
        record["fitted"].append(number)
        record["quality"].append(dataclasses.asdict(quality))
    if tracks:
        with data.StrokeStoreWriter(
            path.with_suffix(".store"), characters, points
        ) as writer:
            for number, track in tracks.items():
                writer.add(track, samples[number].writer, data.FITTED, licences[number])
    write_json(path, record)


def fit_one(sample, characters, points):
    """(fault, track, quality) of a sample; the fault is None where the fit is kept."""
    if sample.character not in characters:
        return f"{sample.character} is not in the set {characters.name}", None, None
    return inputs.fit_image(read_sample(sample), sample.character, points)


def images(settings):
    """The samples of --fit, and the licence of each."""
    chosen = settings.characters and character_set(settings.characters)
    samples, licences = [], []
    for path in settings.fit:
        found = inputs.load_samples(settings, path, chosen)
        if settings.kanji_each:
            found = _some(found, settings.kanji_each, settings.seed)
        samples += found
        licences += [licence(settings, path)] * len(found)
    return samples, licences


def _some(samples, each, seed):
    """The samples without all but so many kanji of each writer, drawn by the seed."""
    kanji = [n for n, sample in enumerate(samples) if is_kanji(sample.character)]
    left_out, taken = set(), collections.Counter()
    for number in np.random.default_rng(seed).permutation(kanji).tolist():
        writer = samples[number].writer
        taken[writer] += 1
        if taken[writer] > each:
            left_out.add(number)
    return [sample for n, sample in enumerate(samples) if n not in left_out]


def _read_back(name, record, stores):
    """Lets a reader look at the fits, drawn with their own widths.

    Args:
        name: of the reader.
        record: of `fit`; those fits go from it that the reader takes for others.
        stores: the stores of the fits.

    Returns:
        The stores of the fits that are left.
    """
    reader = hwgen_keras.load(name)
    kept: list[bool] = []
    chosen = []
    for store in stores:
        tracks = [store.track(i) for i in range(len(store))]
        drawn = np.stack([draw_track(track, reader.image_size) for track in tracks])
        read, _ = reader.read(drawn, top_k=min(_FIRST, len(reader.characters)))
        good = [
            track.character in first or track.character not in reader.characters
            for track, first in zip(tracks, read, strict=True)
        ]
        kept += good
        if any(good):
            chosen.append(store.select(np.flatnonzero(good)))
    for number, good in zip(record["fitted"], kept, strict=True):
        if not good:
            record["refused"].append((number, "the reader takes it for another"))
    for column in ("fitted", "quality"):
        values = zip(record[column], kept, strict=True)
        record[column] = [value for value, good in values if good]
    return chosen


def report(samples, record, path):
    """Prints how many fits were kept of each source; a file names the refused images.

    Args:
        samples: list of `Sample`.
        record: of `fit`.
        path: of the file, a line for each refused image.

    Raises:
        InputError: no fit was kept.
    """
    refused = [(samples[number].name, why) for number, why in record["refused"]]
    write_text(path, "".join(f"{name}: {why}\n" for name, why in refused))
    if not record["fitted"]:
        name, why = refused[0]
        raise InputError(
            f"--fit: none of the {len(refused)} images could be fitted ({name}: "
            f"{why}); {path} tells why."
        )
    total = collections.Counter(sample.writer for sample in samples)
    kept = collections.Counter(samples[number].writer for number in record["fitted"])
    for writer in total:
        print(f"{writer or 'No writer'}: {kept[writer]} of {total[writer]} fits kept.")


def write_sheet(folder, samples, store, record):
    """Writes a picture of the best, the median and the worst kept fit of each source.

    Args:
        folder: for the picture: images beside their tracks, and the lesser of coverage
            and precision.
        samples: list of `Sample`.
        store: the `StrokeStore`.
        record: of `fit`, in the order of the fits in the store.
    """
    first = int(np.argmax(store.kinds == data.FITTED))
    sources: dict = {}
    for index, number in enumerate(record["fitted"]):
        quality = record["quality"][index]
        worth = min(quality["coverage"], quality["precision"])
        place = first + index
        sources.setdefault(samples[number].writer, []).append((worth, number, place))
    cells = []
    for fits in sources.values():
        fits.sort()
        for worth, number, place in (fits[-1], fits[len(fits) // 2], fits[0]):
            sample = samples[number]
            image = clean_image(read_sample(sample), _CELL)
            caption = f"{sample.character} {worth:.2f} {sample.writer}"
            cells += [(caption, image), ("", draw_lines(store.track(place)))]
    save_grid(folder / "fitted.png", cells)
