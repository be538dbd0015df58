"""Parts of a stroke store: tracks fitted to images of characters."""

import dataclasses

from hwgen_keras import data, inputs, parallel
from hwgen_keras.characters import kanjivg
from hwgen_keras.data.samples import read_sample
from hwgen_keras.errors import InputError
from hwgen_keras.files import read_json, write_json
from hwgen_keras.sources.fitting import fit_track

# Images of a part, which is fitted in one go.
_IMAGES = 128


def fit(settings, samples, licences, characters, output):
    """Fits tracks to the images that have none yet.

    Args:
        settings: of prepare_strokes.
        samples, licences: lists of `Sample` and of their licences.
        characters: the `CharacterSet` of the store.
        output: the folder of the result.

    Returns:
        One record of all parts, see `fit_part`, and the list of their stores.
    """
    paths, jobs, weights = [], [], []
    for start in range(0, len(samples), _IMAGES):
        path = output / "parts" / f"fitted-{start:07d}.json"
        paths.append(path)
        numbers = range(start, min(start + _IMAGES, len(samples)))
        if not path.exists():
            part = [{n: values[n] for n in numbers} for values in (samples, licences)]
            jobs.append((*part, characters, settings.points, path))
            weights.append(len(numbers))
    list(parallel.each(fit_part, jobs, "image", "fitting", weights))
    records = [read_json(path) for path in paths]
    names = ("fitted", "quality", "refused")
    record = {name: sum((part[name] for part in records), []) for name in names}
    stores = [path.with_suffix(".store") for path in paths]
    return record, [store for store in stores if store.exists()]


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
        with data.StrokeWriter(
            path.with_suffix(".store"), characters, points
        ) as writer:
            for number, track in tracks.items():
                writer.add(track, samples[number].writer, data.FITTED, licences[number])
    write_json(path, record)


def fit_one(sample, characters, points):
    """(fault, track, quality) of a sample; the fault is None where the fit is kept."""
    if sample.character not in characters:
        return f"{sample.character} is not in the set {characters.name}", None, None
    if not kanjivg.has_character(sample.character):
        return f"KanjiVG has no strokes for {sample.character}", None, None
    try:
        track, quality = fit_track(read_sample(sample), sample.character, points)
    except InputError as error:
        return str(error).rstrip("."), None, None
    return quality.fault, track, quality


def images(settings, characters):
    """The samples of --fit, and the licence of each.

    Args:
        settings: of prepare_strokes.
        characters: the `CharacterSet`, or None: all characters.
    """
    samples = []
    for path in settings.fit:
        samples += inputs.load_samples(settings, path, characters)
    return samples
