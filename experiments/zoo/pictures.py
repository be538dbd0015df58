"""The pictures of the cards of saved_models/: what they show follows from a rule."""

import collections

import numpy as np

from hwgen_keras.data import ImageStore
from hwgen_keras.evaluation import contact_sheet, grid
from hwgen_keras.files import complete_file

from .measures import placed_grey

SHOWN = 40
_BLOCKS = 8
_PAPER = 255
# Of the picture of hands.
HANDS, CHARACTERS = 8, 10


def extremes(folder, read, glyphs, inputs=None):
    """Writes lowest.png and highest.png, of the least and most probable images.

    Args:
        folder: of the files.
        read: `evaluation.Readings`.
        glyphs: see `glyphs_of`.
        inputs: of a generator, see `inputs_of`; None: the images are real.

    Returns:
        {picture: [[class id, class id that was read, probability], …]}.
    """
    texts, found = {}, read.predicted
    probabilities = np.exp(read.log_probabilities)
    for name, rows in zip(("lowest", "highest"), read.order(SHOWN), strict=True):
        columns = inputs(rows) if inputs else {}
        columns["image"] = read.images[rows]
        if not inputs:
            columns["is"] = glyphs(read.labels[rows])
        columns["read as"] = glyphs(found[rows])
        save(folder / f"{name}.png", contact_sheet(columns, 48, _BLOCKS))
        texts[name] = [
            [int(read.labels[row]), int(found[row]), float(probabilities[row])]
            for row in rows
        ]
    return texts


def glyphs_of(contents):
    """A function, class ids → the glyphs of one font; a blank where it has none."""
    position = {int(label): i for i, label in enumerate(contents.labels)}

    def glyphs(labels):
        size = contents.image_size
        images = np.full((len(labels), size, size), _PAPER, np.uint8)
        for image, label in zip(images, labels, strict=True):
            if int(label) in position:
                image[:] = placed_grey(contents, [position[int(label)]])[0]
        return images

    return glyphs


def hands(path, write, contents, unseen, settings):
    """Writes the picture of the same characters in several unseen hands.

    The first row is in print; then, for each hand, its real images (blank where it did
    not write the character) and the generated ones. Half of the hands are writers,
    those with the most images; the others are simulated. See `writing`,
    `unseen_hands`.
    """
    store = ImageStore.merge(
        [own for kind in ("writers", "simulated") for own in unseen[kind].values()]
    )
    writers = _names(unseen["writers"])[: HANDS // 2]
    chosen = [*writers, *_names(unseen["simulated"])][:HANDS]
    labels = _labels(unseen, settings.seed)
    counts = {contents.characters[label]: 1 for label in labels}
    glyphs = glyphs_of(contents)
    images = [glyphs(labels)]
    for name in chosen:
        own = store.select(store.find(source=name))
        images += [glyphs_of(own)(labels), write(contents, own, counts).images]
    save(path, grid(np.concatenate(images), len(labels)))


def _names(stores):
    """Names of the hands of stores, those with the most images first."""
    counted = collections.Counter(
        store.source_names[k] for store in stores.values() for k in store.sources
    )
    return [name for name, _ in counted.most_common()]


def _labels(unseen, seed):
    """Characters of each script that simulated writers wrote, too.

    They are drawn by the seed, from the script's writers in turn.
    """
    simulated = [store.labels for store in unseen["simulated"].values()]
    drawn = np.unique(np.concatenate(simulated))
    order = np.random.default_rng(seed).permutation(drawn)
    found, share = [], CHARACTERS // len(unseen["writers"])
    for store in unseen["writers"].values():
        turns = [store.labels[store.sources == k] for k in np.unique(store.sources)]
        own = []
        for turn in range(share * len(turns)):
            left = order[np.isin(order, turns[turn % len(turns)])]
            own += [k for k in left.tolist() if k not in own][:1]
        found += own[:share]
    return np.sort(found)


def save(path, picture):
    with complete_file(path) as partial:
        # Sixteen greys are enough, in half the bytes.
        picture.quantize(16).save(partial, "PNG", optimize=True)
