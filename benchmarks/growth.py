"""python benchmarks/growth.py --plot=docs/growth.png

How the cost of the generator's training step grows with the image's side and with the
batch, and that of linear and of full attention alone (forward and backward) with the
number of positions. Prints tables and fitted exponents: the slope of log time over log
pixels, batch or positions. Each step is measured in a process of its own, see
train_step.py; memory is its peak less what it held before the first step.
"""

import argparse
import os
import pathlib
import sys

import numpy as np
from step_worker import Worker
from train_step import table
from workers import BACKENDS, ROOT, several


def exponent(sizes, costs):
    """The slope of a straight line through the logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(costs), 1)[0])


def step_cost(options, image_size, batch_size):
    """A row: the median of the steps, and the peak of memory."""
    configuration = {
        "backend": options.backend,
        "model": "style_transfer",
        "size": options.size,
        "image_size": image_size,
        "batch_size": batch_size,
        "policy": "float32",
        "jit": options.backend == "jax",
        "perceptual": "image_encoder",
        "lpips_once": False,
        "steps_per_execution": 1,
        "accumulate": 1,
    }
    with Worker(configuration) as worker:
        worker.ask("steps", 1)
        worker.ask("steps", 1)
        times = [worker.ask("steps", 1) for _ in range(options.repeats)]
        memory = worker.ask("memory")
    row = {"image": image_size, "pixels": image_size**2, "batch": batch_size}
    row.update(ms=1000 * float(np.median(times)), MiB=memory / 2**20)
    return row


def attention_costs(options):
    """Rows of linear and full attention over maps of growing sides."""
    from keras import ops
    from timing import seconds

    from hwgen_keras.layers import FullAttention, LinearAttention

    rows = []
    for side in options.sides:
        shape = (1, side, side, 32)
        noise = np.random.default_rng(0).normal(size=shape).astype("float32")
        features = ops.convert_to_tensor(noise)
        row = {"positions": side**2}
        for name, kind in (("linear", LinearAttention), ("full", FullAttention)):
            layer = kind(32, heads=2, head_width=16)
            layer.build(shape)
            cost = seconds(layer, features, options.repeats + 2)
            row[f"{name} ms"] = 1000 * cost
        rows.append(row)
    return rows


def plot(path, by_size, by_batch, attention, slopes):
    """Three panels, both axes logarithmic."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    from hwgen_keras.files import complete_file

    figure, axes = plt.subplots(1, 3, figsize=(12, 3.6), layout="constrained")
    panels = (
        (by_size, "pixels", {"ms": "step, ms", "MiB": "memory, MiB"}),
        (by_batch, "batch", {"ms": "step, ms", "MiB": "memory, MiB"}),
        (
            attention,
            "positions",
            {"linear ms": "linear, ms", "full ms": "full, ms"},
        ),
    )
    for ax, (rows, x, columns) in zip(axes, panels, strict=True):
        for column, label in columns.items():
            ax.loglog(
                [row[x] for row in rows],
                [row[column] for row in rows],
                "o-",
                label=f"{label}, exponent {slopes[x, column]:.2f}",
            )
        sizes = [row[x] for row in rows]
        ax.set_xticks(sizes, [f"{size:,}" for size in sizes], rotation=30)
        ax.minorticks_off()
        ax.set_xlabel({"pixels": "pixels of an image"}.get(x, x))
        ax.grid(alpha=0.3)
        ax.legend()
    axes[0].set_title("training step, image size")
    axes[1].set_title("training step, batch")
    axes[2].set_title("attention, forward and backward")
    with complete_file(pathlib.Path(path)) as partial:
        figure.savefig(partial, dpi=100, format="png")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    # torch needs no time to trace or to compile each of the sizes.
    parser.add_argument("--backend", default="torch", choices=BACKENDS)
    # Not tiny: at 256 pixels its full attention is over 16,384 positions.
    parser.add_argument("--size", default="small", choices=("tiny", "small", "base"))
    several(parser, "--image_sizes", [48, 64, 96, 128, 192, 256], int)
    parser.add_argument("--batch", type=int, default=2, help="with --image_sizes")
    several(parser, "--batch_sizes", [2, 4, 8, 16], int)
    several(parser, "--sides", [16, 24, 32, 48, 64], int, help="for attention")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--plot", type=pathlib.Path, help="a PNG file")
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    for name in ("image_sizes", "batch_sizes", "sides"):
        if len(getattr(options, name)) < 2:
            parser.error(f"--{name}: a slope needs two sizes or more.")
    os.environ["KERAS_BACKEND"] = options.backend
    sys.path.insert(0, str(ROOT))
    print(f"{options.backend}, {options.size}, float32, {os.cpu_count()} cores")
    by_size = [step_cost(options, size, options.batch) for size in options.image_sizes]
    by_batch = [step_cost(options, 64, count) for count in options.batch_sizes]
    attention = attention_costs(options)
    slopes = {}
    for rows, x, columns in (
        (by_size, "pixels", ("ms", "MiB")),
        (by_batch, "batch", ("ms", "MiB")),
        (attention, "positions", ("linear ms", "full ms")),
    ):
        print("\n" + table(rows, options.markdown, tuple(rows[0])))
        for column in columns:
            slopes[x, column] = exponent(
                [row[x] for row in rows], [row[column] for row in rows]
            )
            print(f"\n{column} grows with {x} to the power {slopes[x, column]:.2f}")
    if options.plot:
        plot(options.plot, by_size, by_batch, attention, slopes)


if __name__ == "__main__":
    main()
