"""What measure_generated measures: a generated set beside real handwriting.

`MEASURES` lists the functions that make the rows of its table.
"""

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
    """A generated set and a real one, as a function of `MEASURES` takes them.

    Attributes:
        generated, real: `Readings` with features and writers.
        shared: (features, writers, labels) of the generated images, and of the real
            ones, whose characters both sets have.
        seed: of what is drawn for the distances.
        notes: sentences; a measure adds what it cannot measure, and why.
    """

    generated: Readings
    real: Readings
    shared: tuple[tuple, tuple]
    seed: int = 0
    notes: list[str] = dataclasses.field(default_factory=list)

    def row(self, values, chance=(None, None)):
        """See `row`; of all images."""
        images = len(self.generated.labels), len(self.real.labels)
        return row(values, chance, images)

    def shared_row(self, values, chance=(None, None)):
        """See `row`; of the shared characters' images."""
        images = tuple(len(labels) for *_, labels in self.shared)
        return row(values, chance, images)

    def both(self, name, function, *arguments):
        """What `function` returns for the generated images, and for the real ones."""
        found = []
        for whose, given in zip(("generated", "real"), arguments, strict=True):
            try:
                found.append(function(*given))
            except InputError as error:
                note = f"{name}, {whose} images, is not measured: {error}"
                self.notes.append(note)
                found.append({})
        return found


def compare_sets(made, real, seed=0):
    """All measures of a generated set, and of the real one beside it.

    Args:
        made, real: `Readings` with features and writers.
        seed: of what is drawn for the distances.

    Returns:
        ({measure: see `row`}, notes): the notes tell what is not measured, and why.
    """
    common_labels = np.intersect1d(made.labels, real.labels)
    if not len(common_labels):
        raise InputError(
            "--generated and --real have no character in common; give manifests of "
            "the same characters."
        )
    x, y = (
        (part.features, part.writers, part.labels)
        for part in (
            each.select(np.isin(each.labels, common_labels)) for each in (made, real)
        )
    )
    if len(x[0]) < 2 or len(y[0]) < 4:
        raise InputError(
            f"Of the common characters --generated has {len(x[0])} images and --real "
            f"{len(y[0])}; distances need 2 and 4, and many more to mean anything."
        )
    sets = Sets(made, real, (x, y), seed)
    results: dict[str, dict] = {}
    for measure in MEASURES:
        results |= measure(sets)
    return results, sets.notes


def row(values, chance=(None, None), images=(0, 0)):
    """One measure of both sets; None where there is no value.

    Args:
        values: of the generated and of the real images.
        chance: what each is expected to be at random.
        images: how many there are of each.
    """
    return {
        "generated": values[0],
        "real": values[1],
        "chance": list(chance),
        "images": list(images),
    }


def _percent(found, key):
    return [100 * values[key] if values else None for values in found]


def content(sets):
    """How many images the recogniser reads as their character."""
    found = [sets.generated.accuracy(), sets.real.accuracy()]
    return {name: sets.row(_percent(found, key)) for name, key in READING.items()}


def distances(sets):
    """Fréchet and kernel distance, each beside that of two halves of the real images.

    Both depend a little on how many images there are and of what characters, so the
    halves, and the generated images that are compared with one of them, are equally
    many and drawn evenly from the characters.
    """
    made, real = sets.shared
    rng = np.random.default_rng(sets.seed)
    size = min(len(made[0]), len(real[0]) // 2)
    order = _even_order(real[2], rng)
    half, other = real[0][order[:size]], real[0][order[size : 2 * size]]
    drawn = made[0][_even_order(made[2], rng)[:size]]
    images = size, 2 * size
    found = [evaluation.frechet_glyph_distance(half, x) for x in (drawn, other)]
    results = {"Fréchet glyph distance": row(found, images=images)}
    width = half.shape[1]
    if size < 2 * width:
        sets.notes.append(
            f"The Fréchet distance is of {size} images a set and {width} features: too "
            "few to mean anything; read the kernel distance."
        )
    kernel = evaluation.kernel_glyph_distance
    found = [kernel(half, x, seed=sets.seed) for x in (drawn, other)]
    names = "kernel glyph distance", "  deviation of subsets"
    for name, values in zip(names, zip(*found, strict=True), strict=True):
        results[name] = row(values, images=images)
    return results


def _even_order(labels, rng):
    """All positions, drawn at random: one of each character, then a second, ..."""
    drawn = rng.permutation(len(labels))
    rounds = np.empty(len(labels), int)
    for label in np.unique(labels):
        own = labels[drawn] == label
        rounds[own] = np.arange(own.sum())
    return drawn[np.argsort(rounds, kind="stable")]


def hands(sets):
    """How well the hands of images are recognised."""
    x, y = sets.shared
    likeness = evaluation.writer_similarity
    found = sets.both("Likeness to a hand", likeness, (*x, *y), (*y, *y))
    values, chance = _percent(found, "accuracy"), _percent(found, "chance")
    results = {"nearest to its hand %": sets.shared_row(values, chance)}
    centred = [
        (evaluation.centred_by_character(features, labels), writers, labels)
        for features, writers, labels in (x, y)
    ]
    found = sets.both("Retrieval of writers", evaluation.writer_retrieval, *centred)
    for name, key in (("writer first %", "top1"), ("writer mAP %", "map")):
        chance = _percent(found, f"{key}_chance")
        results[name] = sets.shared_row(_percent(found, key), chance)
    verification = evaluation.writer_verification
    found = sets.both("Verification of writers", verification, *centred)
    for name, key in (("writer equal error %", "eer"), ("writer AUC %", "auc")):
        results[name] = sets.shared_row(_percent(found, key), [50.0, 50.0])
    return results


def traits(sets):
    """How far ink, slant and proportions follow those of the hands."""
    results = {}
    for trait in evaluation.TRAITS:
        points = evaluation.trait_by_hand(sets.generated.greys, sets.real.greys, trait)
        followed = evaluation.trait_followed(points)
        if followed is not None:
            for name, value, best in (
                (f"{trait} of the hands, correlation", followed["r"], None),
                (f"  {trait} gained for each unit", followed["slope"], 1.0),
            ):
                results[name] = sets.shared_row((value, best), (0.0, None))
    return results


def diversity(sets):
    """How much images of one character differ, and how many are copies."""
    found = sets.both(
        "Diversity", evaluation.diversity, *(part[::2] for part in sets.shared)
    )
    share, made, real = evaluation.near_duplicate_share, sets.generated, sets.real
    duplicates = [100 * share(each.images, each.labels) for each in (made, real)]
    copies = 100 * share(made.images, made.labels, (real.images, real.labels))
    return {
        "diversity": sets.shared_row([values.get("distance") for values in found]),
        "near-duplicates %": sets.row(duplicates),
        "copies of real images %": sets.row((copies, None)),
    }


# Functions, `Sets` → {measure: see `row`}, in the order of the table.
MEASURES: list[Callable[[Sets], dict[str, dict]]] = [
    content,
    distances,
    hands,
    traits,
    diversity,
]


def compare_pairs(reader, made, real):
    """Pixel measures of generated images against the one real image of their kind."""
    targets: dict[tuple, list[int]] = {}
    for i, key in enumerate(zip(real.labels.tolist(), real.writers, strict=True)):
        targets.setdefault(key, []).append(i)
    pairs = [
        (i, targets[key][0])
        for i, key in enumerate(zip(made.labels.tolist(), made.writers, strict=True))
        if len(targets.get(key, ())) == 1
    ]
    if not pairs:
        raise InputError(
            "--paired: no generated image has one real image of its character and "
            "writer; check the names of the writers, or leave the flag out."
        )
    own, others = np.array(pairs).T
    images, wanted = made.images[own], real.images[others]
    network = EncoderFeatures(reader.encoder)
    distances = []
    for start in range(0, len(images), 64):
        maps = [
            network.predict_on_batch(x[start : start + 64, ..., None] / 127.5 - 1)
            for x in (wanted.astype("float32"), images.astype("float32"))
        ]
        distances.append(evaluation.perceptual(*maps))
    values: dict[str, np.ndarray] = {
        "paired: L1": evaluation.l1(wanted, images),
        "paired: SSIM": evaluation.ssim(wanted, images),
        "paired: perceptual": np.concatenate(distances),
    }
    counts = len(pairs), len(set(others.tolist()))
    return {
        name: row((float(np.mean(value)), None), images=counts)
        for name, value in values.items()
    }
