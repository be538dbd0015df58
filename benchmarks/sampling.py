"""python benchmarks/sampling.py --sizes=small --backends=tensorflow,jax,torch

Images a second that a diffusion model writes, by sampler and number of steps, and, as
the reference in the same run, those of the AdaIN generator of the same size. Each
backend has a process of its own. Both models are told the label, have random weights,
compute in float32, and are asked as `generate` asks them, by `predict_on_batch`.

network: evaluations of the U-Net for one image. ms: the median time of a batch; spread:
slowest less fastest, as a share of it. First s: the first batch, which compiles. x
adain: time of an image as a multiple of the AdaIN generator's.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
# As many as the original's characters.
CLASSES = 3057
BACKENDS = ("tensorflow", "jax", "torch")
COLUMNS = (
    *("backend", "size", "image", "batch", "model", "steps", "network"),
    *("first s", "ms", "spread", "images/s", "x adain"),
)


def flags():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )

    def several(name, default, kind=str, known=None):
        def parse(text):
            values = [kind(part) for part in text.split(",")]
            for value in values:
                if known and value not in known:
                    raise argparse.ArgumentTypeError(
                        f"there is no {value!r}; use {', '.join(known)}"
                    )
                if kind is int and value < 1:
                    raise argparse.ArgumentTypeError(f"{value} is not 1 or more")
            return values

        parser.add_argument(name, type=parse, default=default, metavar="A,B")

    samplers = ["ddim", "dpm_solver", "heun"]
    several("--backends", list(BACKENDS), known=BACKENDS)
    several("--sizes", ["small"], known=("tiny", "small", "base"))
    several("--image_sizes", [64], int)
    several("--batch_sizes", [16], int)
    several("--samplers", samplers, known=samplers)
    several("--steps", [10, 20, 50], int)
    parser.add_argument(
        "--guidance", type=float, default=1.0, help="of the content; 1: none, as stored"
    )
    parser.add_argument("--repeats", type=int, default=5, help="batches timed of each")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.repeats < 1:
        parser.error(f"--repeats is {options.repeats}; give 1 or more.")
    return options


def models(size, options):
    """(name, sampler's steps, evaluations of the network, model) of each row."""
    import keras

    from hwgen_keras.layers import EmbeddingCondition
    from hwgen_keras.models import SIZES, AdaINGenerator, DiffusionGenerator, UNet

    keras.utils.set_random_seed(0)

    def condition(width):
        return EmbeddingCondition(CLASSES, 4 * width, width)

    sizes = SIZES[size]
    width = sizes["generator"]["width"]
    adain = AdaINGenerator(**sizes["generator"], condition=condition(width))
    adain.build()
    yield "adain", "", 1, adain
    width = sizes["unet"]["width"]
    generator = DiffusionGenerator(UNet(**sizes["unet"], condition=condition(width)))
    generator.build()
    guidance = {"content": options.guidance}
    for sampler in options.samplers:
        for steps in options.steps:
            evaluations = 2 * steps - 1 if sampler == "heun" else steps
            evaluations *= 1 if options.guidance == 1 else 2
            model = generator.sampling(sampler=sampler, steps=steps, guidance=guidance)
            yield sampler, steps, evaluations, model


def batch(image_size, batch_size):
    """Random inputs, NumPy arrays."""
    rng = np.random.default_rng(0)
    shape = (batch_size, image_size, image_size, 1)
    return {
        "content": rng.uniform(-1, 1, shape).astype("float32"),
        "style": rng.uniform(-1, 1, shape).astype("float32"),
        "label": rng.integers(0, CLASSES, batch_size).astype("int32"),
        "noise": rng.normal(size=shape).astype("float32"),
    }


def seconds(model, inputs, repeats):
    """Seconds of the first batch, and of each of `repeats` more, after one to warm."""
    inputs = {name: inputs[name] for name in model.input_names}
    times = []
    for _ in range(repeats + 2):
        start = time.perf_counter()
        model.predict_on_batch(inputs)  # A NumPy array: all has been computed.
        times.append(time.perf_counter() - start)
    return times[0], times[2:]


def work(options):
    """The rows of one backend, each a line of JSON."""
    for size in options.sizes:
        for name, steps, evaluations, model in models(size, options):
            for image_size in options.image_sizes:
                for batch_size in options.batch_sizes:
                    row = {"size": size, "image": image_size, "batch": batch_size}
                    row |= {"model": name, "steps": steps, "network": evaluations}
                    inputs = batch(image_size, batch_size)
                    first, times = seconds(model, inputs, options.repeats)
                    median = float(np.median(times))
                    row |= {"first s": first, "ms": 1000 * median}
                    row["spread"] = float(np.ptp(times)) / median
                    row["images/s"] = batch_size / median
                    print(json.dumps(row), flush=True)


def run(backend):
    """Yields the rows of this script in a process of its own on a backend."""
    environment = {
        "TF_CPP_MIN_LOG_LEVEL": "3",
        # No backend may take the memory of all before it needs it.
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        **os.environ,
        "KERAS_BACKEND": backend,
        "PYTHONPATH": os.pathsep.join(
            [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
        ),
    }
    command = [sys.executable, __file__, *sys.argv[1:], f"--worker={backend}"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, env=environment, text=True
    ) as process:
        for line in process.stdout:
            if line.startswith("{"):
                yield {"backend": backend, **json.loads(line)}
    if process.returncode:
        print(f"{backend} failed with status {process.returncode}.", file=sys.stderr)


def shown(row, column):
    value = row.get(column, "")
    digits = {"ms": 0, "spread": 2}.get(column, 1)
    return f"{value:.{digits}f}" if isinstance(value, float) else str(value)


def main():
    options = flags()
    if options.worker:
        work(options)
        return
    print(f"{os.cpu_count()} cores, guidance {options.guidance}\n")
    print("| " + " | ".join(COLUMNS) + " |")
    print("|" + "---|" * len(COLUMNS), flush=True)
    for backend in options.backends:
        reference = {}
        for row in run(backend):
            key = row["size"], row["image"], row["batch"]
            reference.setdefault(key, row["ms"])  # AdaIN comes first.
            row["x adain"] = row["ms"] / reference[key]
            cells = (shown(row, column) for column in COLUMNS)
            print("| " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
