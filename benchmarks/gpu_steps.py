"""Stages of gpu.py that time steps and sampling, each a generator of rows.

Each configuration has a process of its own, so that one that needs more memory than
there is costs its row alone. The original is timed before ours, and its process ends
first: both together would not fit the device with large batches.
"""

import argparse
import concurrent.futures
import contextlib
import importlib.util
import json
import subprocess
import sys
import tempfile

import numpy as np
from step_worker import Worker
from train_step import PEAKS, alternate, first_step, measure, operations
from workers import ROOT, environment

FLOAT, HALF = "float32", "mixed_bfloat16"
STEP_COLUMNS = (
    *("model", "backend", "policy", "size", "image", "batch", "ms", "spread"),
    *("images/s", "first s", "MiB", "GFLOP", "TFLOP/s", "peak", "MFU", "of product"),
    *("original ms", "ratio", "memory ratio", "failed"),
)
RATE_COLUMNS = (
    *("model", "policy", "size", "image", "steps", "what", "batch", "first s", "ms"),
    *("spread", "images/s", "rows/s", "failed"),
)
PROFILE_COLUMNS = ("model", "policy", "size", "image", "batch", "ms", "busy", "failed")


def configuration(options, model, policy, size, image_size, batch_size):
    """What a `Worker` is told."""
    return {
        **{"model": model, "backend": options.backend, "policy": policy},
        **{"size": size, "image_size": image_size, "batch_size": batch_size},
        **{"jit": options.backend == "jax"},
        "perceptual": "image_encoder" if options.rehearse else "vgg16",
        **{"lpips_once": False, "steps_per_execution": 1, "accumulate": 1},
    }


def repetitions(options, batch_size):
    """Rounds, and steps a round: fewer of large batches, which take longer.

    And the side of the matrices whose product is timed: a processor without bfloat16
    multiplies large ones for a minute.
    """
    repeats = 1 if options.rehearse else max(2, 32 // batch_size)
    rounds, side = (1, 64) if options.rehearse else (3, 0)
    return argparse.Namespace(
        rounds=rounds, repeats=repeats, steps_per_execution=1, side=side
    )


def adain_step(options):
    """The AdaIN generator's step beside the original's, by batch and policy."""
    size, image, batches = "base", 256, (8, 32, 64, 16)
    if options.rehearse:
        size, image, batches = "tiny", 16, (2,)
    of_one = None

    def told(policy, batch):
        model = "style_transfer"
        return configuration(options, model, policy, size, image, batch)

    if options.backend == "jax":
        # As many as fit the device together.
        compile_ahead([told(FLOAT, batches[0]), *(told(HALF, b) for b in batches[:2])])
    if not has_torch():
        yield {"failed": "torch is not installed: no original, no count of operations"}
    for batch in batches:
        original = {}
        if has_torch():
            of_one = of_one or counted(told(FLOAT, batch))
            original = original_row(options, told(FLOAT, batch))
            yield original
        for policy in (FLOAT, HALF):
            total = of_one and of_one * batch
            row = step_row(options, told(policy, batch), total)
            if {"ms", "memory"} <= row.keys() & original.keys():
                row["original ms"] = original["ms"]
                row["ratio"] = row["ms"] / original["ms"]
                row["memory ratio"] = row["memory"] / original["memory"]
            yield row


def compile_ahead(configurations):
    """Compiles steps at the same time, which one after the other take minutes.

    JAX finds them in its cache when they are timed.
    """

    def compile_one(told):
        # What fails here fails again in its row, which tells why.
        with contextlib.suppress(RuntimeError), Worker(told) as worker:
            worker.ask("steps", 1)

    with concurrent.futures.ThreadPoolExecutor(len(configurations)) as pool:
        list(pool.map(compile_one, configurations))


def has_torch():
    return importlib.util.find_spec("torch") is not None


def counted(told):
    """Operations of a step for one row of its batch, or None."""
    total = operations(told) if has_torch() else None
    return total and total / told["batch_size"]


def original_row(options, told):
    """A row of the original's way of the step, float32 in plain PyTorch."""
    row = {"model": "original", "backend": "torch", "policy": FLOAT}
    row |= {"size": told["size"], "image": told["image_size"]}
    row |= {"batch": told["batch_size"]}
    many = repetitions(options, told["batch_size"])
    try:
        with Worker({**told, "backend": "original"}) as worker:
            row["first s"] = first_step(worker, many)
            (times,) = alternate([worker], many.rounds, many.repeats)
            median = float(np.median(times))
            row |= {"ms": 1000 * median, "spread": float(np.ptp(times) / median)}
            row["images/s"] = row["batch"] / median
            row["memory"] = worker.ask("memory")
            row["MiB"] = row["memory"] / 2**20
            row["device"] = worker.ask("device")
            # Last, since counting takes memory, too.
            row["GFLOP"] = worker.ask("flops") / 1e9
            row |= utilisation(row)
    except RuntimeError as error:
        row["failed"] = str(error)
    return row


def step_row(options, told, gflop):
    """A row of a step of ours; `gflop`: its operations, or None."""
    row = {"model": told["model"], "backend": told["backend"]}
    row |= {"policy": told["policy"], "size": told["size"]}
    row |= {"image": told["image_size"], "batch": told["batch_size"]}
    try:
        many = repetitions(options, told["batch_size"])
        row |= measure(told, None, gflop, many)
        # `measure` compares with a matrix product, not with the data sheet.
        if "MFU" in row:
            row["of product"] = row.pop("MFU")
        row |= utilisation(row)
    except RuntimeError as error:
        row["failed"] = str(error)
    return row


def utilisation(row):
    """{speed, data sheet's peak, MFU} of a row with its operations and device.

    MFU: operations over time, as a share of the data sheet's dense peak; of float32
    that of TF32, in which these devices multiply.
    """
    if "GFLOP" not in row:
        return {}
    speed = row["GFLOP"] / row["ms"]
    found = {"TFLOP/s": speed}
    dtype = "tf32" if row["policy"] == FLOAT else row["policy"].removeprefix("mixed_")
    for name, peaks in PEAKS.items():
        if name in row["device"]:
            found |= {"peak": float(peaks[dtype]), "MFU": speed / peaks[dtype]}
    return found


def other_steps(options):
    """Steps of the diffusion model and of the stroke writer."""
    models = {"diffusion": ("base", 128, 64), "stroke_writer": ("base", 64, 256)}
    if options.rehearse:
        models = {name: ("tiny", 16, 2) for name in models}
    for model, kind in models.items():
        told = configuration(options, model, FLOAT, *kind)
        of_one = counted(told)
        for policy in (HALF,) if options.rehearse else (HALF, FLOAT):
            total = of_one and of_one * told["batch_size"]
            yield step_row(options, {**told, "policy": policy}, total)


def sampling(options):
    """Images a second by AdaIN, diffusion and the stroke writer."""
    common = [f"--worker={options.backend}"]
    if options.rehearse:
        common += ["--sizes=tiny", "--repeats=1"]
        images = ["--image_sizes=16", "--batch_sizes=2", "--samplers=ddim", "--steps=2"]
        strokes = ["--image_size=16", "--batch_size=2", "--steps=2"]
    else:
        common += ["--sizes=base", "--repeats=3"]
        images = ["--image_sizes=64", "--batch_sizes=256", "--samplers=dpm_solver"]
        images += ["--steps=10,20"]
        strokes = ["--batch_size=256"]
    for policy in (FLOAT,) if options.rehearse else (HALF, FLOAT):
        for script, more in (("strokes", strokes), ("sampling", images)):
            command = [sys.executable, f"{ROOT}/benchmarks/{script}.py"]
            command += [*common, *more, f"--policy={policy}"]
            yield from script_rows(options, command, {"model": script}, policy)


def script_rows(options, command, first, policy):
    """The rows that a script prints as lines of JSON; a failure is a row, too."""
    with tempfile.TemporaryFile("w+") as errors:
        with subprocess.Popen(
            command,
            env=environment(options.backend),
            **{"stdout": subprocess.PIPE, "stderr": errors, "text": True},
        ) as process:
            for line in process.stdout:
                if line.startswith("{"):
                    row = {**first, **json.loads(line), "policy": policy}
                    if "s" in row:
                        row["ms"] = 1000 * row.pop("s")
                    yield row
        errors.seek(0)
        said = errors.read().strip().splitlines()
    if process.returncode:
        said = said or [f"status {process.returncode}"]
        yield {**first, "policy": policy, "failed": said[-1]}


def profile(options):
    """Where the time of the AdaIN generator's step goes."""
    kind = ("tiny", 16, 2) if options.rehearse else ("base", 256, 8)
    for policy in (HALF,) if options.rehearse else (HALF, FLOAT):
        told = configuration(options, "style_transfer", policy, *kind)
        row = {"model": "style_transfer", "policy": policy, "size": kind[0]}
        row |= {"image": kind[1], "batch": kind[2]}
        try:
            with Worker(told) as worker:
                row |= worker.ask("profile", 1 if options.rehearse else 2)
        except RuntimeError as error:
            row["failed"] = str(error)
        yield row
