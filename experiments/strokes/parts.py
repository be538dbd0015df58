"""Parts of a stroke store: a file of tracks, and a record of how they came about."""

import collections
import pathlib
import tempfile

from hwgen_keras import cluster, parallel
from hwgen_keras.characters import kanjivg
from hwgen_keras.data import ONLINE, SIMULATED, StrokeStoreWriter
from hwgen_keras.files import complete_file, read_json, write_json
from hwgen_keras.sources import PenWriter
from hwgen_keras.sources.online import Unusable, match_strokes, matched_track
from hwgen_keras.sources.strokes import strokes

# What a match of strokes can have beside pairs of them.
REMARKS = ("joined", "split", "left_out", "ignored")
# Samples of a part, which is matched in one go.
_SAMPLES = 256


def match(settings, samples, licences, characters, output):
    """Matches the samples that are not yet.

    Args:
        settings: of prepare_
        samples, licences: lists of `OnlineSample` and of their licences.
        characters: the `CharacterSet` of the store.
        output: the folder of the result.

    Returns:
        One record of all parts, see `match_part`, and the list of their stores.
    """
    arguments = characters, settings.points, settings.radius
    rows = samples, licences, _SAMPLES
    words = "online", "sample", "matching"
    return make_parts(settings, output, *words, match_part, arguments, *rows)


def make_parts(
    settings, output, name, item, title, make, arguments, samples, licences, size
):
    """Makes the parts that are not yet, and reads the records of all.

    Args:
        settings: of prepare_strokes, which say what computes.
        output: the folder of the result.
        name: of the files of the parts.
        item, title: words for the progress bar.
        make: a function ({number: sample}, {number: licence}, *arguments, path of a
            JSON file) that writes a store, unless it is empty, and then its record: a
            dict of lists.
        arguments: of `make`.
        samples, licences: lists of as many.
        size: samples of a part.

    Returns:
        One record of all parts, and the list of their stores.
    """
    paths, missing, jobs, weights = [], [], [], []
    for start in range(0, len(samples), size):
        path = output / "parts" / f"{name}-{start:07d}.json"
        paths.append(path)
        numbers = range(start, min(start + size, len(samples)))
        if not path.exists():
            part = [{n: values[n] for n in numbers} for values in (samples, licences)]
            jobs.append((make, *part, *arguments))
            weights.append(len(numbers))
            missing.append(path)
    if jobs:
        with cluster.computing(settings) as each:
            for index, files in each(made, jobs, item, title, weights):
                _write(files, missing[index])
    # Of no samples every list is empty.
    record = collections.defaultdict(list)
    for path in paths:
        for key, values in read_json(path).items():
            record[key] += values
    stores = [path.with_suffix(".store") for path in paths]
    return record, [store for store in stores if store.exists()]


def made(make, *job):
    """The files of a part, {suffix: bytes}, which `make` writes of a job."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "part.json")
        make(*job, path)
        return {file.suffix: file.read_bytes() for file in path.parent.iterdir()}


def _write(files, path):
    """Writes the files of a part, and last the record that marks it as complete."""
    for suffix in sorted(files, key=lambda suffix: suffix == path.suffix):
        with complete_file(path.with_suffix(suffix)) as partial:
            partial.write_bytes(files[suffix])


def simulate(settings, characters, output):
    """Writes the tracks of the simulated writers that are not yet; all their stores."""
    seeds = range(settings.simulated_writers)
    paths = [output / "parts" / f"simulated-{seed:05d}.store" for seed in seeds]
    jobs = [
        (seed, characters, settings.points, path)
        for seed, path in zip(seeds, paths, strict=True)
        if not path.exists()
    ]
    weights = [len(characters)] * len(jobs)
    list(parallel.each(simulate_part, jobs, "track", "simulating", weights))
    return paths


def match_part(samples, licences, characters, points, radius, path):
    """Matches samples and writes their tracks as a store, then a JSON file of remarks.

    Args:
        samples: {number: `OnlineSample`}.
        licences: {number: licence}.
        characters: the `CharacterSet` of the store; other samples are refused.
        points: points of each line.
        radius: half the width of the lines.
        path: of the JSON file; the store is beside it, with the same name, unless no
            sample was matched.
    """
    record = {"matched": [], "refused": []} | {remark: [] for remark in REMARKS}
    tracks = {}
    for number, sample in samples.items():
        try:
            match, tracks[number] = match_one(sample, characters, points, radius)
        except Unusable as error:
            record["refused"].append((number, str(error)))
            continue
        record["matched"].append(number)
        for remark in remarks(match):
            record[remark].append(number)
    if tracks:
        file = path.with_suffix(".store")
        with StrokeStoreWriter(file, characters, points) as writer:
            for number, track in tracks.items():
                writer.add(track, samples[number].writer, ONLINE, licences[number])
    write_json(path, record)


def match_one(sample, characters, points, radius):
    """The `Match` and the `Track` of a sample; raises `Unusable`."""
    if sample.character not in characters:
        raise Unusable(f"{sample.character} is not in the set {characters.name}")
    if not kanjivg.has_character(sample.character):
        raise Unusable(f"KanjiVG has no strokes for {sample.character}")
    match = match_strokes(strokes(sample.character), sample.strokes)
    return match, matched_track(sample, match, radius, points)


def remarks(match):
    """Those of `REMARKS` that hold for a `Match`."""
    found = {
        "joined": any(len(group.template) > 1 for group in match.groups),
        "split": any(len(group.sample) > 1 for group in match.groups),
        "left_out": match.left_out,
        "ignored": match.ignored,
    }
    return [remark for remark in REMARKS if found[remark]]


def simulate_part(seed, characters, points, path):
    """Writes the tracks of a simulated writer as a store."""
    writer = PenWriter(seed)
    with StrokeStoreWriter(path, characters, points) as store:
        for character in characters:
            if writer.covers(character):
                track = writer.track(character, points=points)
                store.add(track, writer.name, SIMULATED, kanjivg.LICENCE)
