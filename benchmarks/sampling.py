"""python benchmarks/sampling.py --sizes=small --backends=tensorflow,jax,torch

Images a second that a diffusion model writes, by sampler and number of steps, and, as
the reference in the same run, those of the AdaIN generator of the same size. Each
backend has a process of its own. Both models are told the label, have random weights,
and are asked as `generate` asks them, by `predict_on_batch`.

network: evaluations of the U-Net for one image. ms: the median time of a batch; spread:
slowest less fastest, as a share of it. First s: the first batch, which compiles. x
adain: time of an image as a multiple of the AdaIN generator's.
"""

import argparse
import json
import os
import time

import numpy as np
import workers

# As many as the original's characters.
CLASSES = 3057
COLUMNS = (
    *("backend", "size", "image", "batch", "model", "steps", "network"),
    *("first s", "ms", "spread", "images/s", "x adain"),
)


def flags():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )

    samplers = ["ddim", "dpm_solver", "heun"]
    workers.several(
        parser, "--backends", list(workers.BACKENDS), known=workers.BACKENDS
    )
    workers.several(parser, "--sizes", ["small"], known=("tiny", "small", "base"))
    workers.several(parser, "--image_sizes", [64], int)
    workers.several(parser, "--batch_sizes", [16], int)
    workers.several(parser, "--samplers", samplers, known=samplers)
    workers.several(parser, "--steps", [10, 20, 50], int)
    parser.add_argument(
        "--guidance", type=float, default=1.0, help="of the content; 1: none, as stored"
    )
    parser.add_argument(
        "--policy", default="float32", help="a dtype policy, such as mixed_bfloat16"
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
    import keras

    keras.config.set_dtype_policy(options.policy)
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


def main():
    options = flags()
    if options.worker:
        work(options)
        return
    print(f"{os.cpu_count()} cores, guidance {options.guidance}, {options.policy}\n")
    workers.show(compared(options), COLUMNS, {"ms": 0, "spread": 2}, 1)


def compared(options):
    """Yields the rows of all backends, beside the AdaIN generator's, the first."""
    for backend in options.backends:
        reference = {}
        for row in workers.measured(backend):
            key = row["size"], row["image"], row["batch"]
            reference.setdefault(key, row["ms"])
            row["x adain"] = row["ms"] / reference[key]
            yield row


if __name__ == "__main__":
    main()
