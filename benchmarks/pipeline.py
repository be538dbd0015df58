"""python benchmarks/pipeline.py --images=20000

Rates of the tf.data feeds on a store of noisy scans and glyphs: pairs for the
generator at 128 px with rotation and margins, and images for a classifier at 64 px
with each augmentation. A rate is per second of processor time, so a second of one
core; the last column is what the cores of this machine gave together. Peak memory of
the process is printed at the end.
"""

import argparse
import pathlib
import resource
import tempfile
import time

import numpy as np

from hwgen_keras.characters import character_set
from hwgen_keras.data import (
    AUGMENTATIONS,
    FONT,
    HANDWRITING,
    ClassificationSampler,
    ImageStore,
    PairSampler,
    StoreWriter,
    feed,
)
from hwgen_keras.data.png import encode
from hwgen_keras.sources import PenWriter


def write_store(path, count, image_size):
    """A store of drawn kana, half of them with the noise of a scanner."""
    kana = character_set("kana")
    rng = np.random.default_rng(0)
    pens = [PenWriter(seed) for seed in range(4)]
    drawn = [
        (character, pen.draw(character, image_size, margin=0.0))
        for character in kana
        for pen in pens
    ]
    pngs = []
    for number, (character, image) in enumerate(drawn):
        if number % 2:
            image = image + rng.normal(0, 6, image.shape)
            image = np.clip(image, 0, 255).astype(np.uint8)
        pngs.append((encode(image), character))
    with StoreWriter(path, kana, image_size) as writer:
        for number in range(count):
            source = number // len(pngs)
            kind = FONT if source % 2 else HANDWRITING
            writer.add(*pngs[number % len(pngs)], f"source {source}", kind)
    return ImageStore.open(path)


def rate(store, sampler, batch_size, steps, **arguments):
    """Rows per second of processor time, and per second of the clock."""
    batches = iter(feed(store, sampler, batch_size, steps, kind="tf", **arguments))
    next(batches)
    clock, processor = time.perf_counter(), time.process_time()
    rows = sum(batch_size for _ in batches)
    return (
        rows / (time.process_time() - processor),
        rows / (time.perf_counter() - clock),
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[2])
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--batch_size", type=int, default=32)
    parser.add_argument("--steps", type=int, default=100)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        results = {}
        store = write_store(pathlib.Path(folder, "128.store"), options.images, 128)
        sampler = PairSampler(store, "step_end", rows_per_epoch=10_000)
        results["pairs, 128 px"] = store, sampler, {}
        sampler = PairSampler(
            store, "step_end", rows_per_epoch=10_000, style_reference="writer"
        )
        results["content, style and target, 128 px"] = store, sampler, {}
        store = write_store(pathlib.Path(folder, "64.store"), options.images, 64)
        sampler = ClassificationSampler(store, affine_strength=1.0)
        for name in AUGMENTATIONS[1:]:
            label = "affine" if name == "affine" else f"affine, {name}"
            results[f"classifier, 64 px, {label}"] = store, sampler, {"augment": [name]}
        augment = ["elastic", "stroke", "erasing"]
        label = "classifier, 64 px, affine, " + ", ".join(augment)
        results[label] = store, sampler, {"augment": augment}
        print(f"{'rows/s':55}{'a core':>8}{'machine':>9}")
        for name, (store, sampler, arguments) in results.items():
            core, machine = rate(
                store, sampler, options.batch_size, options.steps, **arguments
            )
            print(f"{name:55}{core:8.0f}{machine:9.0f}", flush=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"Peak memory {peak:.0f} MiB, of which the stores' pages can be given back.")


if __name__ == "__main__":
    main()
