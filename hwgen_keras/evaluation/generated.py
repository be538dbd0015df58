"""Measures of a generated set beside those of real handwriting.

`MEASURES` lists the functions that return the rows of the table.
"""

import collections
import dataclasses
from collections.abc import Callable

import numpy as np

from hwgen_keras import evaluation
from hwgen_keras.errors import InputError
from hwgen_keras.evaluation.readings import Readings
from hwgen_keras.models import EncoderFeatures

# measure of the table: key of `content_accuracy`.
READING = {
    "read %": "top1",
    "  95 % interval from": "low",
    "  to": "high",
    "read, first five %": "top5",
    "confidence %": "confidence",
}


@dataclasses.dataclass(frozen=True, eq=False)
class Sets:
    """A generated set and a real one, the argument of the functions in `MEASURES`.

    Attributes:
        generated, real: `Readings` with features and writers.
        shared: (features, writers, labels) of the generated, and of the real images
            whose characters both sets have.
        seed: of the distances.
        notes: sentences; a measure adds what it cannot measure, and why.
    """

    generated: Readings
    real: Readings
    shared: tuple[tuple, tuple]
    seed: int = 0
    notes: list[str] = dataclasses.field(default_factory=list)

    def row(self, values, chance=(None, None)):
        """See `row`; of all images."""
        return row(values, chance, (len(self.generated.labels), len(self.real.labels)))

    def shared_row(self, values, chance=(None, None)):
        """See `row`; of the shared characters' images."""
        return row(values, chance, [len(labels) for *_, labels in self.shared])

    def both(self, name, function, *arguments):
        """The results of `function` for the generated, and for the real images."""
        results = []
        for kind, values in zip(("generated", "real"), arguments, strict=True):
            try:
                results.append(function(*values))
            except InputError as error:
                self.notes.append(f"{name}, {kind} images, is not measured: {error}")
                results.append({})
        return results


def compare_sets(generated, real, seed=0):
    """All measures of a generated set and of a real one.

    Args:
        generated, real, seed: see `Sets`.

    Returns:
        ({measure: see `row`}, notes on what is not measured, and why).
    """
    common = np.intersect1d(generated.labels, real.labels)
    if not len(common):
        raise InputError(
            "--generated and --real have no character in common; give manifests of "
            "the same characters."
        )
    parts = (s.select(np.isin(s.labels, common)) for s in (generated, real))
    x, y = ((part.features, part.writers, part.labels) for part in parts)
    if len(x[0]) < 2 or len(y[0]) < 4:
        raise InputError(
            f"Of the common characters --generated has {len(x[0])} images and --real "
            f"{len(y[0])}; distances need 2 and 4, and many more to be reliable."
        )
    sets = Sets(generated, real, (x, y), seed)
    results: dict[str, dict] = {}
    for measure in MEASURES:
        results |= measure(sets)
    return results, sets.notes


def row(values, chance=(None, None), images=(0, 0)):
    """A measure of both sets, a dict; None stands for no value.

    Args:
        values: of the generated and of the real images.
        chance: the expected values of a random result.
        images: the numbers of images.
    """
    row = dict(zip(("generated", "real"), values, strict=True))
    return {**row, "chance": list(chance), "images": list(images)}


def _percent(results, key):
    return [100 * values[key] if values else None for values in results]


def content(sets):
    """Accuracies and confidence of the recogniser."""
    results = [sets.generated.accuracy(), sets.real.accuracy()]
    return {name: sets.row(_percent(results, key)) for name, key in READING.items()}


def distances(sets):
    """Fréchet and kernel distance, each beside that of two halves of the real images.

    Both depend on the number of images and on their characters, so the halves and the
    generated images have equal numbers, drawn evenly from the characters.
    """
    (generated, _, drawn_labels), (real, _, labels) = sets.shared
    rng = np.random.default_rng(sets.seed)
    size = min(len(generated), len(real) // 2)
    order = _even_order(labels, rng)
    half, other = real[order[:size]], real[order[size : 2 * size]]
    drawn = generated[_even_order(drawn_labels, rng)[:size]]
    width = half.shape[1]
    if size < 2 * width:
        sets.notes.append(
            f"The Fréchet distance is of {size} images a set and {width} features: too "
            "few to be reliable; read the kernel distance."
        )
    frechet = [evaluation.frechet_glyph_distance(half, x) for x in (drawn, other)]
    kernel = [
        evaluation.kernel_glyph_distance(half, x, seed=sets.seed)
        for x in (drawn, other)
    ]
    means, deviations = zip(*kernel, strict=True)
    results = {
        "Fréchet glyph distance": frechet,
        "kernel glyph distance": means,
        "  deviation of subsets": deviations,
    }
    images = size, 2 * size
    return {name: row(values, images=images) for name, values in results.items()}


def _even_order(labels, rng):
    """All positions, drawn at random: one of each character, then a second, ..."""
    drawn = rng.permutation(len(labels))
    rounds = np.empty(len(labels), int)
    for label in np.unique(labels):
        own = labels[drawn] == label
        rounds[own] = np.arange(own.sum())
    return drawn[np.argsort(rounds, kind="stable")]


def hands(sets):
    """Accuracies of the recognition of hands."""
    x, y = sets.shared
    pair = sets.both(
        "Likeness to a hand", evaluation.writer_similarity, (*x, *y), (*y, *y)
    )
    values, chance = _percent(pair, "accuracy"), _percent(pair, "chance")
    results = {"nearest to its hand %": sets.shared_row(values, chance)}
    centred = [
        (evaluation.centred_by_character(features, labels), writers, labels)
        for features, writers, labels in (x, y)
    ]
    pair = sets.both("Retrieval of writers", evaluation.writer_retrieval, *centred)
    for name, key in (("writer first %", "top1"), ("writer mAP %", "map")):
        chance = _percent(pair, f"{key}_chance")
        results[name] = sets.shared_row(_percent(pair, key), chance)
    pair = sets.both(
        "Verification of writers", evaluation.writer_verification, *centred
    )
    for name, key in (("writer equal error %", "eer"), ("writer AUC %", "auc")):
        results[name] = sets.shared_row(_percent(pair, key), [50.0, 50.0])
    return results


def forms(sets):
    """Recognition of the hands by the forms of their characters."""
    try:
        found = evaluation.form_likeness(sets.generated.greys, sets.real.greys)
    except InputError as error:
        sets.notes.append(f"Likeness of forms is not measured: {error}")
        return {}
    # A hand's real image is its own nearest.
    shares = [100 * found["accuracy"], None], [100 * found["chance"], None]
    hands = [100 * found["found"] / found["hands"], None]
    chance = [100 / found["hands"], None]
    images = found["images"], len(sets.shared[1][0])
    return {
        "form nearest to its hand %": row(*shares, images),
        "  hands found by their forms %": row(hands, chance, images),
    }


def traits(sets):
    """Correlations and slopes of ink, slant and proportions against the hands'."""
    results = {}
    for trait in evaluation.TRAITS:
        points = evaluation.trait_by_hand(sets.generated.greys, sets.real.greys, trait)
        followed = evaluation.trait_followed(points)
        if followed is not None:
            for name, values in (
                (f"{trait} of the hands, correlation", (followed["r"], None)),
                (f"  {trait} gained for each unit", (followed["slope"], 1.0)),
            ):
                results[name] = sets.shared_row(values, (0.0, None))
    return results


def diversity(sets):
    """Distances between images of one character, and shares of near-duplicates."""
    parts = (part[::2] for part in sets.shared)
    pair = sets.both("Diversity", evaluation.diversity, *parts)
    share = evaluation.near_duplicate_share
    own, real = ((s.images, s.labels) for s in (sets.generated, sets.real))
    duplicates = [100 * share(*own), 100 * share(*real)]
    return {
        "diversity": sets.shared_row([values.get("distance") for values in pair]),
        "near-duplicates %": sets.row(duplicates),
        "copies of real images %": sets.row((100 * share(*own, real), None)),
    }


# Functions, `Sets` → {measure: see `row`}, in the order of the table.
MEASURES: list[Callable[[Sets], dict[str, dict]]]
MEASURES = [content, distances, hands, forms, traits, diversity]


def compare_pairs(reader, generated, real):
    """Pixel measures against the only real image of the character by the writer."""
    keys, targets = (
        list(zip(s.labels.tolist(), s.writers, strict=True)) for s in (generated, real)
    )
    counts = collections.Counter(targets)
    positions = {key: i for i, key in enumerate(targets)}
    pairs = [(i, positions[key]) for i, key in enumerate(keys) if counts[key] == 1]
    if not pairs:
        raise InputError(
            "--paired: no generated image has one real image of its character and "
            "writer; check the names of the writers, or leave the flag out."
        )
    own, others = np.array(pairs).T
    images, expected = generated.images[own], real.images[others]
    network = EncoderFeatures(reader.encoder)
    perceptual = []
    for start in range(0, len(images), 64):
        maps = [
            network.predict_on_batch(x[start : start + 64, ..., None] / 127.5 - 1)
            for x in (expected.astype("float32"), images.astype("float32"))
        ]
        perceptual.append(evaluation.perceptual(*maps))
    values: dict[str, np.ndarray] = {
        "paired: L1": evaluation.l1(expected, images),
        "paired: SSIM": evaluation.ssim(expected, images),
        "paired: perceptual": np.concatenate(perceptual),
    }
    numbers = len(pairs), len(np.unique(others))
    return {
        name: row((float(np.mean(value)), None), images=numbers)
        for name, value in values.items()
    }
