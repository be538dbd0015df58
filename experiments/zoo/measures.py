"""What the cards of saved_models/ say of a model: figures, and rows for pictures."""

import numpy as np

from hwgen_keras import evaluation, generation
from hwgen_keras.data import ImageStore, placed
from hwgen_keras.errors import InputError
from hwgen_keras.evaluation import Readings
from hwgen_keras.generation import GenerationSampler, to_uint8, write_rows

from .data import asked_characters, unseen_hands

_EXAMPLES = 10


def measure_classifier(classifier, tests):
    """What a classifier reads of unseen writers.

    Returns:
        ({script: {"writers", "data", **content_accuracy}}, `Readings` of all images).
    """
    found, reads = {}, []
    for script, test in tests.items():
        reads.append(Readings.of_store(classifier, test.store))
        found[script] = _of(test) | reads[-1].accuracy()
    return found, Readings.join(reads)


def measure_clip(clip, tests, tokenizer, characters, seed):
    """Which of all characters' structures lies nearest to images of unseen writers.

    Returns:
        (as `measure_classifier`, its `Readings`, [[character, its nearest ones], …] of
        characters drawn by the seed).
    """
    texts = evaluation.predicted_rows(
        clip.text_tower, tokenizer.encode(list(characters))
    )
    found, reads = {}, []
    for script, test in tests.items():
        images = placed(test.store, np.arange(len(test.store)))
        vectors = evaluation.predicted_rows(clip.image_tower, images)
        scores = vectors @ texts.T
        reads.append(Readings(to_uint8(images), test.store.labels, scores))
        found[script] = _of(test) | reads[-1].accuracy()
        # A softmax of products says nothing of how sure it is.
        found[script].pop("confidence")
    unit = texts / np.linalg.norm(texts, axis=1, keepdims=True)
    examples = []
    for label in np.random.default_rng(seed).permutation(len(characters))[:_EXAMPLES]:
        nearest = np.argsort(-(unit @ unit[label]), kind="stable")
        others = [characters[k] for k in nearest if k != label][:5]
        examples.append([characters[label], "".join(others)])
    return found, Readings.join(reads), examples


def _of(test):
    return {"writers": test.writers, "data": test.names}


def beside(written):
    """A function, row numbers of all of some `Written` → the images before each."""
    ends = np.cumsum([len(one.images) for one in written])

    def columns(rows):
        found = {"content": [], "style": []}
        for row in rows:
            place = int(np.searchsorted(ends, row, side="right"))
            own = [row - (ends[place] - len(written[place].images))]
            found["content"].append(written[place].content(own)[0])
            found["style"].append(written[place].style(own)[0])
        return {title: np.stack(images) for title, images in found.items()}

    return columns


class Written:
    """What a generator writes in some hands, and who reads it how.

    Args:
        generator, judge: models in float32.
        contents: `ImageStore` of the glyphs of one font.
        hands: `ImageStore` of hands.
        counts: {character: images}.
        tokenizer: or None.
        settings: with `seed`, `style_images`.
    """

    def __init__(self, generator, judge, contents, hands, counts, tokenizer, settings):
        self.store = ImageStore.merge([contents, hands])
        sampler = GenerationSampler(
            *(self.store, counts, tokenizer, settings.seed),
            style_images=settings.style_images,
            condition=generator.condition,
        )
        self.images, self.table = write_rows(generator, sampler)
        sources = self.store.sources[self.table["style"]]
        writers = np.array(self.store.source_names)[sources]
        self.read = Readings.of_images(judge, self.images, self.table["label"], writers)

    def content(self, rows):
        """The glyphs that were rewritten, as the generator saw them."""
        return placed_grey(self.store, self.table["content"][rows])

    def style(self, rows):
        """The images whose hand was shown; of several the first."""
        return placed_grey(self.store, self.table["style"][rows])


def placed_grey(store, indices):
    """uint8 images of a store in the fixed place."""
    return to_uint8(placed(store, np.asarray(indices)))


def measure_generator(generator, judge, tests, contents, tokenizer, settings, images):
    """How legible a generator writes, and how much it follows hands it has not seen.

    Args:
        generator, judge: models in float32.
        tests: of `load_tests`.
        contents: `ImageStore` of the glyphs of one font.
        tokenizer: or None.
        settings: of reproduce.
        images: how images are read, `Images`.

    Returns:
        (figures, a dict for JSON; {script: `Written` in the hands of `tests`}; the
        hands, see `unseen_hands`).
    """
    characters = contents.characters
    asked = asked_characters(contents, settings.kanji, settings.seed)
    hands = unseen_hands(tests, asked, settings.judge_fonts, images, characters)
    figures = {"asked": {}, "hands": {}, "contents": {}}
    made, inks = {}, {script: [] for script in asked}
    for script, labels in asked.items():
        each = settings.kana_images if script == "kana" else 1
        counts = {characters[k]: each for k in labels}
        figures["asked"][script] = {"characters": len(labels), "images": each}
        glyphs = contents.select(np.isin(contents.labels, labels))
        figures["contents"][script] = Readings.of_store(judge, glyphs).accuracy()
        for kind, of_kind in hands.items():
            if script not in of_kind:
                continue
            store = of_kind[script]
            generated = Written(
                generator, judge, glyphs, store, counts, tokenizer, settings
            )
            if kind == "writers":
                made[script] = generated
            written = store.select(np.isin(store.labels, labels))
            real = Readings.of_store(judge, written)
            found = _compare(generated, real, settings.seed)
            names = [store.source_names[k] for k in np.unique(store.sources)]
            found["hands"] = len(names)
            figures["hands"].setdefault(kind, {})[script] = found
            points = evaluation.trait_by_hand(generated.read.greys, real.greys)
            inks[script] += [{"kind": kind, **point} for point in points]
    figures["ink"] = {script: follows(points) for script, points in inks.items()}
    return figures, made, hands


def _compare(made, real, seed):
    """Figures of generated images beside those of the real ones by the same hands."""
    found = {
        "generated": made.read.accuracy(),
        "real": real.accuracy(),
    }
    try:
        compared = evaluation.compare_sets(made.read, real, seed)
        found["measures"], found["notes"] = compared
    except InputError as error:
        found["measures"], found["notes"] = {}, [str(error)]
    return found


def follows(points):
    """How the ink goes with the hands': of all, and of each kind with three or more.

    A hand's own kind says whether small differences are followed, too: fonts differ
    more than writers do.
    """
    kinds = {"all": points}
    for point in points:
        kinds.setdefault(point["kind"], []).append(point)
    found = {kind: evaluation.trait_followed(some) for kind, some in kinds.items()}
    found = {kind: value for kind, value in found.items() if value is not None}
    return {"correlation": found, "points": points}


def load_judge(path, characters, generator, run):
    """The recogniser that judges, in float32, checked to have taught nothing."""
    judge = generation.load_reader(path, characters)
    generation.check_independent(judge, generator, run)
    return judge
