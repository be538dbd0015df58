"""What measure_generated measures: a generated set beside real handwriting."""

import numpy as np

from hwgen_keras import evaluation
from hwgen_keras.errors import InputError
from hwgen_keras.models import EncoderFeatures

# measure of the table: key of `content_accuracy`.
READING = {
    "read %": "top1",
    "  95 % interval from": "low",
    "  to": "high",
    "read, first five %": "top5",
    "confidence %": "confidence",
}


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
    results, notes, counts = {}, [], (len(made.labels), len(real.labels))
    shared = len(x[0]), len(y[0])

    def add(name, generated, truth=None, chance=(None, None), images=shared):
        results[name] = row(generated, truth, chance, images)

    def both(name, function, *arguments):
        """What `function` says of the generated images and of the real ones."""
        found = []
        for whose, given in zip(("generated", "real"), arguments, strict=True):
            try:
                found.append(function(*given))
            except InputError as error:
                notes.append(f"{name}, {whose} images, is not measured: {error}")
                found.append({})
        return found

    def percent(found, key):
        generated, truth = (100 * each[key] if each else None for each in found)
        return generated, truth

    reads = [made.accuracy(), real.accuracy()]
    for name, key in READING.items():
        add(name, *percent(reads, key), images=counts)
    distances(add, notes, x, y, seed)
    found = both("Likeness to a hand", evaluation.writer_similarity, (*x, *y), (*y, *y))
    add("nearest to its hand %", *percent(found, "accuracy"), percent(found, "chance"))
    hands = [
        (evaluation.centred_by_character(features, labels), writers, labels)
        for features, writers, labels in (x, y)
    ]
    found = both("Retrieval of writers", evaluation.writer_retrieval, *hands)
    for name, key in (("writer first %", "top1"), ("writer mAP %", "map")):
        add(name, *percent(found, key), percent(found, f"{key}_chance"))
    found = both("Verification of writers", evaluation.writer_verification, *hands)
    for name, key in (("writer equal error %", "eer"), ("writer AUC %", "auc")):
        add(name, *percent(found, key), [50.0, 50.0])
    for trait in evaluation.TRAITS:
        points = evaluation.trait_by_hand(made.greys, real.greys, trait)
        followed = evaluation.trait_followed(points)
        if followed is not None:
            add(f"{trait} of the hands, correlation", followed["r"], chance=(0.0, None))
            slope = f"  {trait} gained for each unit"
            add(slope, followed["slope"], 1.0, chance=(0.0, None))
    found = both("Diversity", evaluation.diversity, x[::2], y[::2])
    generated, truth = (each.get("distance") for each in found)
    add("diversity", generated, truth)
    share = evaluation.near_duplicate_share
    generated, truth = (100 * share(each.images, each.labels) for each in (made, real))
    add("near-duplicates %", generated, truth, images=counts)
    alike = 100 * share(made.images, made.labels, (real.images, real.labels))
    add("copies of real images %", alike, images=counts)
    return results, notes


def row(generated, truth=None, chance=(None, None), images=(0, 0)):
    """One measure of both sets; None where there is no value.

    Args:
        generated, truth: of the generated and of the real images.
        chance: what each is expected to be at random.
        images: how many there are of each.
    """
    return {
        "generated": generated,
        "real": truth,
        "chance": list(chance),
        "images": list(images),
    }


def distances(add, notes, made, real, seed):
    """Fréchet and kernel distance, each beside that of two halves of the real images.

    Both depend a little on how many images there are and of what characters, so the
    halves, and the generated images that are compared with one of them, are equally
    many and drawn evenly from the characters.

    Args:
        add: see `compare_sets`.
        notes: list to add to.
        made, real: (features, writers, labels).
        seed: of the draw.
    """
    rng = np.random.default_rng(seed)
    size = min(len(made[0]), len(real[0]) // 2)
    order = _even_order(real[2], rng)
    half, other = real[0][order[:size]], real[0][order[size : 2 * size]]
    drawn = made[0][_even_order(made[2], rng)[:size]]
    found = [evaluation.frechet_glyph_distance(half, x) for x in (drawn, other)]
    add("Fréchet glyph distance", *found, images=(size, 2 * size))
    width = half.shape[1]
    if size < 2 * width:
        notes.append(
            f"The Fréchet distance is of {size} images a set and {width} features: too "
            "few to mean anything; read the kernel distance."
        )
    kernel = evaluation.kernel_glyph_distance
    found = [kernel(half, x, seed=seed) for x in (drawn, other)]
    for name, values in zip(
        ("kernel glyph distance", "  deviation of subsets"),
        zip(*found, strict=True),
        strict=True,
    ):
        add(name, *values, images=(size, 2 * size))


def _even_order(labels, rng):
    """All positions, drawn at random: one of each character, then a second, ..."""
    drawn = rng.permutation(len(labels))
    rounds = np.empty(len(labels), int)
    for label in np.unique(labels):
        own = labels[drawn] == label
        rounds[own] = np.arange(own.sum())
    return drawn[np.argsort(rounds, kind="stable")]


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
    values = {
        "paired: L1": evaluation.l1(wanted, images),
        "paired: SSIM": evaluation.ssim(wanted, images),
        "paired: perceptual": np.concatenate(distances),
    }
    counts = len(pairs), len(set(others.tolist()))
    return {
        name: row(float(value.mean()), images=counts) for name, value in values.items()
    }
