"""python benchmarks/strokes.py --sizes=small --backends=tensorflow,jax,torch

Characters a second that a stroke writer learns from and writes, of so many strokes as
jis1 has on average, with random weights. Each backend has a process of its own.

learn: steps of `fit`, with the batches of simulated writers drawn in the same time.
batch: drawing these alone. write: tracks in one hand, as `predict_on_batch` gives them.
draw: images of such tracks by the quick renderer; draw all: by `StrokeRenderer`, which
has gradients. write + draw: what `load(...).write` needs, but for checks.

s: the median time of a batch; spread: slowest less fastest, as a share of it.
"""

import argparse
import itertools
import json
import os
import time

import numpy as np
import workers

COLUMNS = ("backend", "size", "what", "batch", "first s", "s", "spread", "rows/s")
STROKES, PAIRS, POINTS = 11, 64, 24


def flags():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    workers.several(
        parser, "--backends", list(workers.BACKENDS), known=workers.BACKENDS
    )
    workers.several(parser, "--sizes", ["small"], known=("tiny", "small", "base"))
    parser.add_argument(
        "--policy", default="float32", help="a dtype policy, such as mixed_bfloat16"
    )
    parser.add_argument("--batch_size", type=int, default=96)
    parser.add_argument("--image_size", type=int, default=64)
    parser.add_argument("--steps", type=int, default=12, help="of the sampler")
    parser.add_argument(
        "--guidance", type=float, default=1.0, help="of the hand; 1: none, as stored"
    )
    parser.add_argument("--repeats", type=int, default=5, help="batches timed of each")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    for name in ("batch_size", "image_size", "steps", "repeats"):
        if getattr(options, name) < 1:
            parser.error(f"--{name} is {getattr(options, name)}; give 1 or more.")
    return options


def sampler(batch_size):
    """Tracks of a few simulated writers, all of `STROKES` strokes."""
    from hwgen_keras.characters import character_set
    from hwgen_keras.data import TrackSampler, simulated_tracks
    from hwgen_keras.sources.strokes import strokes

    characters = character_set("jis1")
    found = (c for c in characters if len(strokes(c, POINTS)) == STROKES)
    alike = type(characters)("alike", itertools.islice(found, 40))
    # Too few for processes of their own.
    store = simulated_tracks(range(4), alike, 40, POINTS, workers=1)
    return TrackSampler(store, batch_size, pairs=PAIRS)


def jobs(size, options, drawn):
    """(name, function that does a batch) of each row."""
    import keras

    from hwgen_keras.layers import QuickStrokeRenderer, StrokeRenderer
    from hwgen_keras.models import (
        SIZES,
        StrokeDiffusion,
        StrokeTransformer,
        StrokeWriter,
    )

    keras.utils.set_random_seed(0)
    network = StrokeTransformer(**SIZES[size]["stroke_transformer"], points=POINTS)
    writer = StrokeWriter(
        network, steps=options.steps, guidance={"hand": options.guidance}
    )
    model = StrokeDiffusion(writer)
    model.build()
    jit = keras.backend.backend() == "jax"
    model.compile(optimizer=keras.optimizers.Adam(1e-3), jit_compile=jit)
    numbers = iter(range(1 << 30))

    def learn():
        model.train_on_batch(drawn.batch(next(numbers)))

    batch = drawn.batch(0)
    # Lines of a usual width, which the quick renderer is made for.
    network.adapt([batch])
    tracks = {name: batch.pop(name) for name in ("points", "radii")}
    shape = *batch["template_mask"].shape, network.features
    batch["noise"] = np.random.default_rng(0).standard_normal(shape, "float32")
    # One hand writes all of the batch.
    batch |= {k: v[:1] for k, v in batch.items() if k.startswith("hand_")}

    def renderer(kind):
        inputs = {
            name: keras.Input(x.shape[1:], name=name) for name, x in tracks.items()
        }
        return keras.Model(inputs, kind(options.image_size)(inputs))

    quick, full = renderer(QuickStrokeRenderer), renderer(StrokeRenderer)
    yield "learn", learn
    yield "batch", lambda: drawn.batch(next(numbers))
    yield "write", lambda: writer.predict_on_batch(batch)
    yield "draw", lambda: quick.predict_on_batch(tracks)
    yield "write + draw", lambda: quick.predict_on_batch(writer.predict_on_batch(batch))
    yield "draw all", lambda: full.predict_on_batch(tracks)


def work(options):
    """The rows of one backend, each a line of JSON."""
    import keras

    keras.config.set_dtype_policy(options.policy)
    drawn = sampler(options.batch_size)
    for size in options.sizes:
        for what, job in jobs(size, options, drawn):
            times = []
            for _ in range(options.repeats + 2):
                start = time.perf_counter()
                job()
                times.append(time.perf_counter() - start)
            median = float(np.median(times[2:]))
            row = {"size": size, "what": what, "batch": options.batch_size}
            row |= {"first s": times[0], "s": median}
            row["spread"] = float(np.ptp(times[2:])) / median
            row["rows/s"] = options.batch_size / median
            print(json.dumps(row), flush=True)


def main():
    options = flags()
    if options.worker:
        work(options)
        return
    print(
        f"{os.cpu_count()} cores, {STROKES} strokes, {options.steps} steps, guidance "
        f"{options.guidance}, {options.image_size} pixels, {options.policy}\n"
    )
    rows = (row for backend in options.backends for row in workers.measured(backend))
    workers.show(rows, COLUMNS, {"s": 3, "spread": 2, "rows/s": 0}, 1)


if __name__ == "__main__":
    main()
