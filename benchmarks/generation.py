"""python benchmarks/generation.py --backends=tensorflow,jax,torch --forms=png,store

Images a second that `generate` writes, end to end, with random weights; and beside it,
in the same run, the rate of the generator alone (`predict_on_batch` of one batch again
and again), and that of a plain PyTorch loop: one image at a time, from PNG file to PNG
file, eager, without gradients. Each backend, and the loop, has a process of its own;
generator and job are timed in turns.

s: the median of the turns; spread: slowest less fastest, as a share of it. x loop:
images a second as a multiple of the loop's. of alone: as a share of the generator's
alone at the same batch size.
"""

import argparse
import json
import os
import pathlib
import tempfile
import time

import numpy as np
import workers

FORMS = ("png", "store", "tfrecord", "webdataset", "parquet")
COLUMNS = (
    *("backend", "what", "batch", "images", "s", "spread", "images/s"),
    *("x loop", "of alone"),
)
CHARACTERS = 92


def flags():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )

    workers.several(
        parser, "--backends", list(workers.BACKENDS), known=workers.BACKENDS
    )
    workers.several(parser, "--forms", ["png"], known=FORMS)
    parser.add_argument("--size", choices=("tiny", "small", "base"), default="small")
    parser.add_argument("--image_size", type=int, default=64)
    parser.add_argument("--batch_size", type=int, default=64)
    parser.add_argument("--count", type=int, default=10, help="images a character")
    parser.add_argument("--loop_images", type=int, default=64, help="of the loop")
    parser.add_argument("--repeats", type=int, default=3, help="turns")
    parser.add_argument("--threads", type=int, help="threads of generate")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    for name in ("image_size", "batch_size", "count", "loop_images", "repeats"):
        if getattr(options, name) < 1:
            parser.error(f"--{name} is {getattr(options, name)}; give 1 or more.")
    return options


def sampler(options):
    """Rows of three fonts and three hands, drawn as zigzags of ten lines."""
    from PIL import Image, ImageDraw

    from hwgen_keras.characters import CharacterSet
    from hwgen_keras.data import FONT, HANDWRITING, array_store
    from hwgen_keras.generation import GenerationSampler

    rng, size = np.random.default_rng(0), options.image_size
    characters = CharacterSet("some", [chr(0x4E00 + i) for i in range(CHARACTERS)])
    images = []
    for _ in range(6 * CHARACTERS):
        image = Image.new("L", (size, size), 255)
        points = [tuple(p) for p in rng.integers(0, size, (10, 2)).tolist()]
        ImageDraw.Draw(image).line(points, 0, max(1, size // 20))
        images.append(np.asarray(image))
    sources = np.repeat(np.arange(6), CHARACTERS)
    store = array_store(
        np.stack(images),
        np.tile(np.arange(CHARACTERS), 6),
        sources,
        np.where(sources < 3, FONT, HANDWRITING),
        [f"source {i}" for i in range(6)],
        characters,
    )
    return GenerationSampler(store, options.count)


def loop(model, drawn, count, folder):
    """Writes some images one at a time, as a plain script in PyTorch would."""
    import torch
    from PIL import Image

    from hwgen_keras.data import png

    table, store = drawn.draw(np.arange(count)), drawn.store

    def read(index):
        image = png.decode(store.png(index)).astype(np.float32) / 127.5 - 1
        return torch.from_numpy(image[None, ..., None])

    with torch.no_grad():
        for row in range(count):
            inputs = {name: read(table[name][row]) for name in ("content", "style")}
            image = ((model(inputs)[0, ..., 0] + 1) * 127.5).round().clip(0, 255)
            image = image.to(torch.uint8).cpu().numpy()
            Image.fromarray(image).save(pathlib.Path(folder, f"{row}.png"))


def alone(model, inputs, batches):
    for _ in range(batches):
        model.predict_on_batch(inputs)


def work(options):
    """Times all that this process's backend does; prints it as lines of JSON."""
    import keras

    from hwgen_keras.generation import generate
    from hwgen_keras.models import SIZES, AdaINGenerator

    keras.utils.set_random_seed(0)
    model = AdaINGenerator(**SIZES[options.size]["generator"])
    model.build()
    drawn = sampler(options)
    images = drawn.rows_per_epoch
    shape = (options.batch_size, options.image_size, options.image_size, 1)
    rng = np.random.default_rng(0)
    inputs = {
        name: rng.uniform(-1, 1, shape).astype("float32")
        for name in ("content", "style")
    }
    batches = -(-images // options.batch_size)
    jobs = {}
    if options.worker == "loop":
        count = options.loop_images
        jobs["loop"] = count, 1, lambda folder: loop(model, drawn, count, folder)
    else:
        jobs["alone"] = (
            batches * options.batch_size,
            options.batch_size,
            lambda folder: alone(model, inputs, batches),
        )
    for form in options.forms if options.worker != "loop" else ():

        def job(folder, form=form):
            generate(
                *(model, drawn, pathlib.Path(folder, "set"), options.batch_size),
                progress=False,
                form=form,
                threads=options.threads,
            )

        jobs[form] = images, options.batch_size, job
    times = {what: [] for what in jobs}
    # The first turn compiles.
    for _ in range(options.repeats + 1):
        for what, (_, _, job) in jobs.items():
            with tempfile.TemporaryDirectory() as folder:
                start = time.perf_counter()
                job(folder)
                times[what].append(time.perf_counter() - start)
    for what, (count, batch, _) in jobs.items():
        median = float(np.median(times[what][1:]))
        row = {"what": what, "batch": batch, "images": count, "s": median}
        row["spread"] = float(np.ptp(times[what][1:])) / median
        row["images/s"] = count / median
        print(json.dumps(row), flush=True)


def main():
    options = flags()
    if options.worker:
        work(options)
        return
    print(
        f"{os.cpu_count()} cores, size {options.size}, {options.image_size} pixels, "
        "random weights, float32\n"
    )
    workers.show(compared(options), COLUMNS, {"images/s": 1, "x loop": 1}, 2)


def compared(options):
    """Yields the rows of all workers, beside the loop and the generator alone."""
    rates = {}
    for worker in ("loop", *options.backends):
        for row in workers.measured(worker, "torch" if worker == "loop" else worker):
            rates[worker, row["what"]] = row["images/s"]
            if ("loop", "loop") in rates:
                row["x loop"] = row["images/s"] / rates["loop", "loop"]
            if (worker, "alone") in rates:
                row["of alone"] = row["images/s"] / rates[worker, "alone"]
            yield row


if __name__ == "__main__":
    main()
