"""python benchmarks/train_step.py --backends=tensorflow,jax,torch

Time, memory and operations of a training step. Each configuration has a process of its
own and is trained by `model.fit` on one batch that lies in memory, so all that a user
waits for counts but for reading images. For style_transfer the original's way of the
same step in plain PyTorch (float32, see original_step.py) is timed beside each
configuration, in turns, a few steps each: the ratio is ours to the original's.

ms: the median over the rounds of the mean step. Spread: slowest less fastest round, as
a share of the median. Memory: on a CPU the peak of the process less what it held
before the first step; on a GPU the framework's own peak. GFLOP: convolutions and matrix
products of one step, a multiplication and an addition counting as two, counted by
torch's flop_counter while our step runs on the torch backend with a batch of two.
MFU: those operations over the time, as a share of what a large matrix product attains
in the same dtype on the same backend in the same run.
"""

import argparse
import json
import os
import pathlib
import sys

import numpy as np
from step_worker import Worker
from workers import BACKENDS, ROOT, several

# Dense, without sparsity, from NVIDIA's data sheets, in TFLOP/s. float32 products use
# TF32 where a framework allows it.
PEAKS = {
    "A100": {"float32": 19.5, "tf32": 156, "bfloat16": 312, "float16": 312},
    "H100": {"float32": 67, "tf32": 495, "bfloat16": 990, "float16": 990},
    "H200": {"float32": 67, "tf32": 495, "bfloat16": 990, "float16": 990},
}
COLUMNS = (
    *("backend", "policy", "jit", "size", "image", "batch", "ms", "spread"),
    *("images/s", "first s", "MiB", "GFLOP", "MFU", "original ms", "ratio"),
    *("memory ratio",),
)


def flags():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )

    parser.add_argument(
        "--model",
        default="style_transfer",
        choices=(
            *("style_transfer", "image_encoder", "text_encoder", "clip"),
            *("classifier", "diffusion", "stroke_writer"),
        ),
    )
    several(parser, "--backends", list(BACKENDS), known=BACKENDS)
    several(parser, "--sizes", ["small"], known=("tiny", "small", "base"))
    several(parser, "--image_sizes", [64], int)
    several(parser, "--batch_sizes", [16], int)
    policies = ("float32", "mixed_bfloat16", "mixed_float16")
    several(parser, "--policies", ["float32"], known=policies, help=", ".join(policies))
    several(
        *(parser, "--jit", ["auto"]),
        known=("auto", "off", "on"),
        help="off, on, or auto: on for JAX alone",
    )
    parser.add_argument(
        "--perceptual", default="image_encoder", choices=("image_encoder", "vgg16")
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3, help="steps a round")
    parser.add_argument("--steps_per_execution", type=int, default=1)
    parser.add_argument("--accumulate", type=int, default=1, help="gradients")
    parser.add_argument("--lpips_once", action="store_true", help="in the original")
    parser.add_argument("--no_original", action="store_true")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--output", type=pathlib.Path, help="JSON")
    # Of the matrices of `Trainer.roofline`: as many as find the highest speed.
    parser.set_defaults(side=0)
    options = parser.parse_args()
    for name in ("rounds", "repeats", "steps_per_execution", "accumulate"):
        if getattr(options, name) < 1:
            parser.error(f"--{name} is {getattr(options, name)}; give 1 or more.")
    if options.repeats % options.steps_per_execution:
        parser.error("--repeats must be a multiple of --steps_per_execution.")
    return options


def alternate(workers, rounds, repeats):
    """Seconds of a step of each worker in each round, (workers, rounds), in turns."""
    times = [
        [worker.ask("steps", repeats) for worker in workers] for _ in range(rounds)
    ]
    return np.transpose(times)


def operations(configuration):
    """Operations of a step, or None where torch is not installed."""
    small = {
        **configuration,
        **{"batch_size": 2, "jit": False, "policy": "float32"},
        **{"steps_per_execution": 1, "accumulate": 1},
    }
    if small["backend"] != "original":
        small["backend"] = "torch"
    try:
        with Worker(small) as worker:
            return worker.ask("flops") * configuration["batch_size"] / 2
    except RuntimeError as error:
        print(f"operations not counted: {error}", file=sys.stderr)
        return None


def first_step(worker, options):
    """Seconds of the first step, which compiles; a second one warms up."""
    first = worker.ask("steps", options.steps_per_execution)
    worker.ask("steps", options.steps_per_execution)
    return first * options.steps_per_execution


def measure(configuration, original, gflop, options):
    """A row of the table, a dict."""
    row = {
        "backend": configuration["backend"],
        "policy": configuration["policy"],
        "jit": "on" if configuration["jit"] else "off",
        "size": configuration["size"],
        "image": configuration["image_size"],
        "batch": configuration["batch_size"],
    }
    with Worker(configuration) as worker:
        row["first s"] = first_step(worker, options)
        workers = [worker, *([original] if original else [])]
        times = alternate(workers, options.rounds, options.repeats)
        medians = np.median(times, axis=1)
        row["ms"] = 1000 * float(medians[0])
        row["spread"] = float(np.ptp(times[0]) / medians[0])
        row["images/s"] = configuration["batch_size"] / float(medians[0])
        row["memory"] = worker.ask("memory")
        row["MiB"] = row["memory"] / 2**20
        row["roofline"] = worker.ask("roofline", options.side)
        row["device"] = worker.ask("device")
    if gflop is not None:
        row["GFLOP"] = gflop / 1e9
        row["MFU"] = gflop / float(medians[0]) / row["roofline"]
    if original:
        row["original ms"] = 1000 * float(medians[1])
        row["original spread"] = float(np.ptp(times[1]) / medians[1])
        # Rounds are pairs that the machine slowed alike.
        row["ratio"] = float(np.median(times[0] / times[1]))
        row["ratios"] = (times[0] / times[1]).tolist()
        row["memory ratio"] = row["memory"] / original.ask("memory")
    return row


def configurations(options, size, image_size, batch_size):
    for backend in options.backends:
        for policy in options.policies:
            for jit in options.jit:
                yield {
                    "model": options.model,
                    "backend": backend,
                    "policy": policy,
                    "jit": jit == "on" or (jit == "auto" and backend == "jax"),
                    "size": size,
                    "image_size": image_size,
                    "batch_size": batch_size,
                    "perceptual": options.perceptual,
                    "lpips_once": options.lpips_once,
                    "steps_per_execution": options.steps_per_execution,
                    "accumulate": options.accumulate,
                }


def shown(row, column):
    value = row.get(column, "")
    if not isinstance(value, float):
        return str(value)
    if column in ("MFU", "of product", "busy", "read"):
        return f"{100 * value:.0f} %"
    digits = {"ratio": 2, "spread": 2, "memory ratio": 2, "ms": 0, "original ms": 0}
    return f"{value:.{digits.get(column, 1)}f}"


def table(rows, markdown, columns=COLUMNS):
    """The rows as text, of equal widths or in Markdown."""
    columns = [c for c in columns if any(c in row for row in rows)]
    cells = [columns, *([shown(row, c) for c in columns] for row in rows)]
    if markdown:
        lines = ["| " + " | ".join(line) + " |" for line in cells]
        return "\n".join([lines[0], "|" + "---|" * len(columns), *lines[1:]])
    widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
    return "\n".join(
        "  ".join(cell.rjust(w) for cell, w in zip(line, widths, strict=True))
        for line in cells
    )


def measure_group(options, size, image_size, batch_size):
    """Rows of one size of model, image and batch; the original stays at hand."""
    rows, group = [], list(configurations(options, size, image_size, batch_size))
    plain = {**group[0], "backend": "original"}
    has_original = options.model == "style_transfer" and not options.no_original
    gflop = operations(group[0])
    original = Worker(plain) if has_original else None
    try:
        if original:
            first_step(original, options)
            count = operations(plain)
            if count and gflop:
                print(
                    f"{size}, {image_size} px, batch {batch_size}: original "
                    f"{count / 1e9:.1f} GFLOP, {original.ask('memory') / 2**20:.0f} "
                    f"MiB; ours {gflop / count:.2f} of its operations",
                    flush=True,
                )
        for configuration in group:
            try:
                rows.append(measure(configuration, original, gflop, options))
            except RuntimeError as error:
                name = [configuration[k] for k in ("backend", "policy", "jit")]
                print(f"{name} failed: {error}", flush=True)
    finally:
        if original:
            original.close()
    return rows


def main():
    options = flags()
    rows = []
    print(f"{options.model}, {os.cpu_count()} cores", flush=True)
    for size in options.sizes:
        for image_size in options.image_sizes:
            for batch_size in options.batch_sizes:
                rows += measure_group(options, size, image_size, batch_size)
    if not rows:
        raise SystemExit("Nothing could be measured.")
    print(table(rows, options.markdown))
    for row in {(r["backend"], r["policy"]): r for r in rows}.values():
        line = f"{row['backend']}, {row['policy']}, {row['device']}: a matrix product "
        line += f"attains {row['roofline'] / 1e12:.3f} TFLOP/s"
        dtype = row["policy"].removeprefix("mixed_")
        for name, peaks in PEAKS.items():
            if name in row["device"]:
                line += f"; data sheet {peaks[dtype]}"
                line += f" ({peaks['tf32']} in TF32)" if dtype == "float32" else ""
        print(line)
    if options.output:
        sys.path.insert(0, str(ROOT))
        from hwgen_keras.files import write_text

        write_text(options.output, json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
