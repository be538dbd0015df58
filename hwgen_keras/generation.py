"""From a trained generator to a labelled set of images on disk."""

import hashlib
import json
import os
import pathlib

import keras
import numpy as np
from PIL import Image
from tqdm import tqdm

from hwgen_keras.data import Sample, affine_matrix, feed, write_manifest
from hwgen_keras.data.rows import TokenTable, row_generator
from hwgen_keras.data.steps import FIXED_MARGIN
from hwgen_keras.data.store import FONT, HANDWRITING
from hwgen_keras.errors import InputError
from hwgen_keras.files import write_text
from hwgen_keras.models.diffusion import SAMPLING

STYLES = ("any", "same_character")
JOB = "job.json"


def to_uint8(images):
    """Grey images (batch, height, width) from float images in [-1, 1]."""
    images = keras.ops.convert_to_numpy(images)[..., 0]
    return np.clip(np.rint((images + 1.0) * 127.5), 0, 255).astype(np.uint8)


class GenerationSampler:
    """Draws which glyph is rewritten in which hand: `count` rows a character.

    Row r is the same whatever the batch size. It has the columns `content`, `style`,
    `style_1`, … and their affine maps, `label`, and `tokens` if there is a tokenizer.

    Args:
        store: an `ImageStore` with fonts (the contents) and handwriting (the styles).
        count: images a character.
        tokenizer: optional `StructureTokenizer`.
        seed: integer.
        style_from: `"any"`: any image of a writer, writers drawn with equal chance;
            `"same_character"`: an image of the same character where there is one.
        style_images: how many images by one hand are shown for a row; the others may
            be of any characters.

    Raises:
        InputError: the store has no fonts or no handwriting, or a hand too few
            images.
    """

    aliases = {}

    def __init__(
        self,
        store,
        count,
        tokenizer=None,
        seed=0,
        style_from="any",
        style_images=1,
    ):
        if style_from not in STYLES:
            raise InputError(
                f"style_from is {style_from!r}; use {' or '.join(STYLES)}."
            )
        fonts = np.flatnonzero(store.kinds == FONT)
        hands = np.flatnonzero(store.kinds == HANDWRITING)
        if not len(fonts) or not len(hands):
            raise InputError(
                "Generation needs fonts for the contents and handwriting for the "
                f"styles; the store has {len(fonts)} and {len(hands)} images of them."
            )
        self.store, self.image_size = store, store.image_size
        self.seed, self.count = seed, count
        self.style_from = style_from
        self.labels = np.unique(store.labels[fonts])
        self.rows_per_epoch = count * len(self.labels)
        self.contents = {k: fonts[store.labels[fonts] == k] for k in self.labels}
        self.hands = {
            source: hands[store.sources[hands] == source]
            for source in np.unique(store.sources[hands])
        }
        self.style_images = style_images
        for source, images in self.hands.items():
            if len(images) < style_images:
                raise InputError(
                    f"{store.source_names[source]} wrote {len(images)} images and "
                    f"{style_images} are to be shown for a row; show fewer."
                )
        self.same = {k: hands[store.labels[hands] == k] for k in self.labels}
        self.tokens = tokenizer and TokenTable(
            tokenizer, store.characters, store.labels[fonts]
        )

    def epoch(self, epoch):
        """The table of all rows, character by character."""
        rng = row_generator(self.seed, epoch)
        label = np.repeat(self.labels, self.count).astype(np.int32)
        content = np.array([rng.choice(self.contents[k]) for k in label], np.int32)
        style = np.array([self._style(rng, k) for k in label], np.int32)
        place = affine_matrix(self.image_size, np.full((len(label), 4), FIXED_MARGIN))
        table = {
            "content": content,
            "content_affine": place,
            "style": style,
            "style_affine": place,
            "label": label,
        }
        if self.tokens:
            table["tokens"] = self.tokens.draw(rng, label)
        # After all others, which are the same however many images are shown.
        if self.style_images > 1:
            others = np.stack([self._others(rng, index) for index in style])
            for number, column in enumerate(others.T.astype(np.int32), start=1):
                table[f"style_{number}"] = column
                table[f"style_{number}_affine"] = place
        return table

    def _others(self, rng, index):
        """Other images by the hand of an image, all different."""
        images = self.hands[self.store.sources[index]]
        others = images[images != index]
        return rng.choice(others, self.style_images - 1, replace=False)

    def _style(self, rng, label):
        if self.style_from == "same_character" and len(self.same[label]):
            return rng.choice(self.same[label])
        writer = rng.choice(list(self.hands))
        return rng.choice(self.hands[writer])


def generate(generator, sampler, output, batch_size=64, progress=True):
    """Writes the images of a sampler as PNG files with a manifest.

    The files are `<output>/<code point>/<number>.png`; the writer of an image in the
    manifest is the hand whose style it has. What an interrupted run has written is
    kept beside, in `<output>.partial`, and not made again; `job.json` tells what it
    was made from.

    Args:
        generator: a built `AdaINGenerator` or `DiffusionGenerator`.
        sampler: a `GenerationSampler`.
        output: the folder to make; it appears when all images are there.
        batch_size: images generated at once.
        progress: whether to show a progress bar.

    Returns:
        The path of the manifest.

    Raises:
        InputError: `output` exists already, or an interrupted run with another
            model, other images or another seed left its part there.
    """
    output = check_output(output)
    partial = output.with_name(output.name + ".partial")
    _begin(partial, {"count": sampler.count, "sha256": _digest(generator, sampler)})
    names = [_name(sampler, row) for row in range(sampler.rows_per_epoch)]
    done = _complete_batches(partial, names, batch_size)
    rows = len(names)
    steps = -(-rows // batch_size)
    if done < steps:
        batches = feed(
            sampler.store, sampler, batch_size, steps - done, done, kind="auto"
        )
        bar = tqdm(
            total=rows,
            initial=min(rows, done * batch_size),
            unit="image",
            desc="generating",
            disable=not progress,
        )
        with bar:
            for step, batch in enumerate(_iterate(batches), start=done):
                first = step * batch_size
                inputs = inputs_of(generator, batch, sampler.seed, first)
                images = to_uint8(generator.predict_on_batch(inputs))
                for name, image in zip(
                    names[first : first + batch_size], images, strict=False
                ):
                    _save(partial / name, image)
                bar.update(min(batch_size, rows - first))
    table = sampler.epoch(0)
    store = sampler.store
    samples = [
        Sample(
            store.characters[label],
            partial / name,
            store.source_names[store.sources[style]],
        )
        for name, label, style in zip(
            names, table["label"], table["style"], strict=True
        )
    ]
    write_manifest(partial / "manifest.json", samples)
    os.replace(partial, output)
    return output / "manifest.json"


def check_output(output):
    """The path of an output folder that does not exist yet, or InputError."""
    output = pathlib.Path(output)
    if output.exists():
        raise InputError(f"The folder {output} exists already; choose another output.")
    return output


def _begin(partial, job):
    """Makes the folder of a job, or checks that it holds a part of this one."""
    file = partial / JOB
    if partial.exists():
        if not file.is_file() or json.loads(file.read_text("utf-8")) != job:
            raise InputError(
                f"{partial} holds a part of another job (other weights, images, flags "
                "or seed); repeat that one's command, delete the folder, or choose "
                "another output."
            )
        return
    partial.mkdir(parents=True)
    write_text(file, json.dumps(job) + "\n")


def _digest(generator, sampler):
    """SHA-256 of all that decides what the images look like."""
    settings = [getattr(generator, name, None) for name in SAMPLING]
    digest = hashlib.sha256(repr(settings).encode())
    for weights in generator.get_weights():
        digest.update(np.ascontiguousarray(weights))
    for name, column in sorted(sampler.epoch(0).items()):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(column))
    for piece in sampler.store.pngs.runs():
        digest.update(piece)
    return digest.hexdigest()


def inputs_of(generator, batch, seed, first):
    """What a generator is given of a batch of a sampler's rows.

    Args:
        generator: an `AdaINGenerator` or a `DiffusionGenerator`.
        batch: dict of arrays; `style_1`, … go beside `style`.
        seed: integer, of the noise that a diffusion model begins with.
        first: number of the batch's first row in all; a row's noise follows from it.
    """
    batch = dict(batch)
    count = sum(name.startswith("style_") for name in batch)
    if count:
        names = ["style", *(f"style_{i + 1}" for i in range(count))]
        batch["style"] = np.stack([batch[name] for name in names], axis=1)
    if "noise" in generator.input_names:
        count, size = batch["content"].shape[:2]
        batch["noise"] = row_noise(seed, np.arange(first, first + count), size)
    return {name: batch[name] for name in generator.input_names}


def row_noise(seed, rows, size):
    """Standard normal noise (rows, size, size, 1), the same wherever a row stands."""
    shape = (size, size, 1)
    return np.stack(
        [
            np.random.default_rng((seed, row)).standard_normal(shape, np.float32)
            for row in rows
        ]
    )


def _iterate(batches):
    if hasattr(batches, "as_numpy_iterator"):
        return batches.as_numpy_iterator()
    return (batches[i] for i in range(len(batches)))


def _name(sampler, row):
    label = sampler.labels[row // sampler.count]
    code = ord(sampler.store.characters[label])
    return f"{code:05x}/{row % sampler.count:05d}.png"


def _complete_batches(folder, names, batch_size):
    """How many whole batches from the start on are on disk."""
    for row, name in enumerate(names):
        if not (folder / name).is_file():
            return row // batch_size
    return -(-len(names) // batch_size)


def _save(path, image):
    path.parent.mkdir(exist_ok=True)
    beside = path.with_suffix(".part")
    Image.fromarray(image).save(beside, "PNG")
    os.replace(beside, path)
