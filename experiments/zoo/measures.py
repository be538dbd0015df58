"""What the cards of saved_models/ say of a model: figures, and rows for pictures."""

from typing import NamedTuple

import keras
import numpy as np

from hwgen_keras import evaluation, inputs
from hwgen_keras.data import ImageStore, StrokeStore, placed
from hwgen_keras.errors import InputError
from hwgen_keras.evaluation import Readings
from hwgen_keras.generation import (
    GenerationSampler,
    TrackGenerationSampler,
    to_uint8,
    write_rows,
)
from hwgen_keras.models import StrokeWriter

from .data import requested_characters, unseen_hands

_EXAMPLES = 10
# Arguments of layers that a card leaves out.
_SILENT = ("name", "trainable", "dtype", "build_config", "compile_config")


def architecture(network):
    """The number of parameters, and the parts with their sizes: a dict for JSON."""
    config = keras.saving.serialize_keras_object(network)
    return {"parameters": int(network.count_params()), "parts": _parts(config)}


def _parts(config, role=None, depth=0):
    """Lines such as `encoder: ImageEncoder(widths=[32, 64])`, inner ones indented."""
    arguments, inner = [], []
    for name, value in config["config"].items():
        if isinstance(value, dict) and "class_name" in value:
            if isinstance(value.get("config"), dict) and value["module"] != "keras":
                inner.append((name, value))
        elif name not in _SILENT and value is not None and not isinstance(value, dict):
            arguments.append(f"{name}={value}")
    text = f"{config['class_name']}({', '.join(arguments)})"
    lines = [f"{'  ' * depth}{role}: {text}" if role else text]
    for name, value in inner:
        lines += _parts(value, name, depth + 1)
    return lines


def measure_clip(clip, tests, tokenizer, characters, seed):
    """Which characters' structures lie nearest to images of unseen writers.

    Returns:
        ({script: {"writers", "data", see `content_accuracy`}}, the `Readings` of all,
        [[character, its nearest ones], …] of characters drawn by the seed).
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


def inputs_of(written):
    """A function, rows of all of a list of `Written` → {input: its images}."""
    places = [(part, row) for part in written for row in range(len(part.images))]

    def columns(rows):
        """`content` is the rewritten glyph, `style` the first image of the hand."""
        found = {"content": [], "style": []}
        for part, row in (places[k] for k in rows):
            for name, images in found.items():
                images.append(placed_grey(part.store, part.table[name][[row]])[0])
        return {name: np.stack(images) for name, images in found.items()}

    return columns


class Written(NamedTuple):
    """Images in the style of hands.

    Attributes:
        images: uint8 (n, height, width).
        table: of `write_rows`.
        store: the store that "style" of the table is of.
    """

    images: np.ndarray
    table: dict
    store: ImageStore | StrokeStore

    def read(self, judge):
        """The `Readings` by a judge in float32."""
        style = self.table["style"].reshape(len(self.images), -1)[:, 0]
        writers = np.array(self.store.source_names)[self.store.sources[style]]
        return Readings.of_images(judge, self.images, self.table["label"], writers)


def writing(generator, characters, tokenizer, settings, images):
    """A function that lets a generator, or a stroke writer, write in hands.

    Args:
        generator: in float32.
        characters: the `CharacterSet`.
        tokenizer: or None.
        settings: with `seed`, `style_images`.
        images: `Images`, whose size a stroke writer's have.

    Returns:
        A function: `ImageStore` of the glyphs of one font, `ImageStore` of hands,
        {character: images} → `Written`.
    """
    if isinstance(generator, StrokeWriter):
        return _stroke_by_stroke(generator, characters, settings, images.image_size)

    def write(contents, hands, counts):
        store = ImageStore.merge([contents, hands])
        sampler = GenerationSampler(
            *(store, counts, tokenizer, settings.seed),
            style_images=settings.style_images,
            condition=generator.condition,
        )
        return Written(*write_rows(generator, sampler), store)

    return write


def _stroke_by_stroke(writer, characters, settings, image_size):
    """`writing` of a stroke writer, which uses no glyphs.

    Strokes are fitted to images of the hands, at most 100 of each.
    """
    fitted: dict = {}

    def write(contents, hands, counts):
        key = hands.labels.tobytes(), hands.sources.tobytes(), hands.source_names
        if key not in fitted:
            fitted[key] = inputs.fitted_store(hands, writer.network.points)
        sampler = TrackGenerationSampler(
            *(fitted[key], characters, counts, image_size, settings.seed),
            settings.style_images,
        )
        return Written(*write_rows(writer, sampler), fitted[key])

    return write


def placed_grey(store, indices):
    """uint8 images of a store in the fixed place."""
    return to_uint8(placed(store, np.asarray(indices)))


def measure_generator(write, judge, tests, contents, settings, images):
    """How legible a generator writes, and how much it follows hands it has not seen.

    Args:
        write: see `writing`.
        judge: a recogniser in float32.
        contents: `ImageStore` of the glyphs of one font.
        tests, images: see `load_tests`.
        settings: of reproduce.

    Returns:
        (figures, a dict for JSON; {script: (`Written`, its `Readings`)} in the hands of
        `tests`, or else of the judge's fonts; the hands, see `unseen_hands`).
    """
    characters = contents.characters
    requested = requested_characters(contents, settings.kanji, settings.seed)
    hands = unseen_hands(tests, requested, settings, images, characters)
    figures = {"asked": {}, "hands": {}, "contents": {}}
    in_hands, inks = {}, {script: [] for script in requested}
    for script, labels in requested.items():
        count = settings.kana_images if script == "kana" else 1
        counts = {characters[k]: count for k in labels}
        figures["asked"][script] = {"characters": len(labels), "images": count}
        glyphs = contents.select(np.isin(contents.labels, labels))
        figures["contents"][script] = Readings.of_store(judge, glyphs).accuracy()
        for kind, of_kind in hands.items():
            if script not in of_kind:
                continue
            store = of_kind[script]
            generated = write(glyphs, store, counts)
            read = generated.read(judge)
            if kind != "simulated":
                in_hands.setdefault(script, (generated, read))
            written = store.select(np.isin(store.labels, labels))
            real = Readings.of_store(judge, written)
            found = _compare(read, real, settings.seed)
            names = [store.source_names[k] for k in np.unique(store.sources)]
            found["hands"] = len(names)
            figures["hands"].setdefault(kind, {})[script] = found
            points = evaluation.trait_by_hand(read.greys, real.greys)
            inks[script] += [{"kind": kind, **point} for point in points]
    figures["ink"] = {script: follows(points) for script, points in inks.items()}
    return figures, in_hands, hands


def _compare(generated, real, seed):
    """Figures of generated images and of the real ones by the same hands."""
    try:
        measures, notes = evaluation.compare_sets(generated, real, seed)
    except InputError as error:
        measures, notes = {}, [str(error)]
    accuracies = {"generated": generated.accuracy(), "real": real.accuracy()}
    return {**accuracies, "measures": measures, "notes": notes}


def follows(points):
    """Correlation of ink with the hands': of all, and of each kind of three or more.

    The kinds show whether small differences are followed: fonts differ more than
    writers do.
    """
    kinds = {"all": points}
    for point in points:
        kinds.setdefault(point["kind"], []).append(point)
    found = {kind: evaluation.trait_followed(own) for kind, own in kinds.items()}
    found = {kind: value for kind, value in found.items() if value is not None}
    return {"correlation": found, "points": points}
