"""python benchmarks/gpu.py --backend=jax --data=gpu-data --output=gpu-jax

What a machine with one GPU shows in nine minutes, with JAX or PyTorch and without
TensorFlow or a network: the AdaIN generator's step at 256 pixels beside the original's,
the steps of the other models, sampling, where the time of a step goes, and real
trainings at 64 pixels from the stores of gpu_data.py.

Each stage is a process of its own with a share of the time; what one leaves, the others
get. Each row is written to <output>/results.json and results.md at once, so that a
stop, a crash or a lack of memory costs what was being measured and nothing else.
<output> also gets the trained networks in half precision and sheets of their samples:
eight files. --rehearse does all of it with tiny models on any machine.

MFU: operations of convolutions and matrix products, a multiplication and an addition
counting as two, counted by torch's flop_counter while our step runs on torch with a
batch of two (the original's: while its own step runs); over the time, as a share of the
data sheet's dense peak, which the column peak states in TFLOP/s (float32: in TF32). Of
product: as a share of what a product of large matrices attains in the same run.
"""

import argparse
import contextlib
import dataclasses
import functools
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable

import gpu_begin
import gpu_data
import gpu_steps
import gpu_training
import workers
from train_step import table

sys.path.insert(0, str(workers.ROOT))

from hwgen_keras.files import write_json, write_text  # noqa: E402


@dataclasses.dataclass(frozen=True)
class Stage:
    """A generator of rows for the options, its seconds of nine minutes, its columns."""

    rows: Callable
    seconds: int
    columns: tuple


STAGES = {
    "begin": Stage(gpu_begin.begin, 15, gpu_begin.COLUMNS),
    "adain_step": Stage(gpu_steps.adain_step, 150, gpu_steps.STEP_COLUMNS),
    "other_steps": Stage(gpu_steps.other_steps, 40, gpu_steps.STEP_COLUMNS),
    "sampling": Stage(gpu_steps.sampling, 35, gpu_steps.RATE_COLUMNS),
    "profile": Stage(gpu_steps.profile, 30, gpu_steps.PROFILE_COLUMNS),
    **{
        name: Stage(
            functools.partial(gpu_training.train, name=name),
            *(training.seconds, gpu_training.COLUMNS),
        )
        for name, training in gpu_training.TRAININGS.items()
    },
}


def flags():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--backend", choices=("jax", "torch"), default="jax")
    parser.add_argument("--rehearse", action="store_true", help="tiny, on any machine")
    parser.add_argument("--output", type=pathlib.Path, help="a new folder")
    parser.add_argument("--data", type=pathlib.Path, help="folder of gpu_data.py")
    parser.add_argument(
        "--minutes", type=float, help="for all stages; default: 9, of a rehearsal 60"
    )
    workers.several(parser, "--stages", list(STAGES), known=tuple(STAGES))
    parser.add_argument("--stage", choices=tuple(STAGES), help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--work", type=pathlib.Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.output is None:
        parser.error("--output is needed: a new folder.")
    if options.minutes is None:
        options.minutes = 60.0 if options.rehearse else 9.0
    if options.minutes <= 0:
        parser.error(f"--minutes is {options.minutes}; give more than 0.")
    if options.stage is None:
        check(parser, options)
    return options


def check(parser, options):
    """Ends the program in a sentence, before minutes of a GPU are spent."""
    if options.output.exists() and any(options.output.iterdir()):
        parser.error(f"--output: {options.output} holds files; give a new folder.")
    trains = {"begin", *gpu_training.TRAININGS} & {*options.stages}
    if options.rehearse:
        if options.data is not None:
            parser.error("--rehearse makes its own data; leave --data out.")
    elif trains:
        if options.data is None:
            parser.error("--data is needed: a folder of gpu_data.py.")
        for name in gpu_data.FILES:
            if not (options.data / name).is_file():
                parser.error(f"--data: {options.data} has no {name}; see gpu_data.py.")


class Report:
    """results.json and results.md of a folder, written again with every row."""

    def __init__(self, options):
        self.folder = options.output
        self.facts = {
            "backend": options.backend,
            "rehearsal": options.rehearse,
            "minutes": options.minutes,
            "stages": {},
        }

    def begin(self, name, seconds):
        self.stage = {"status": "running", "seconds": 0.0, "budget": seconds}
        self.stage["rows"] = []
        self.facts["stages"][name] = self.stage
        self.write()

    def add(self, row):
        self.stage["rows"].append(row)
        self.write()

    def end(self, status, seconds):
        self.stage |= {"status": status, "seconds": round(seconds, 1)}
        self.write()

    def write(self):
        write_json(self.folder / "results.json", self.facts)
        title = f"# {self.facts['backend']}, {self.facts['minutes']:g} minutes"
        lines = [title + ", a rehearsal" * self.facts["rehearsal"], ""]
        for name, stage in self.facts["stages"].items():
            lines += [f"## {name}: {stage['status']}, {stage['seconds']} s", ""]
            if stage["rows"]:
                lines += [table(stage["rows"], True, STAGES[name].columns), ""]
        write_text(self.folder / "results.md", "\n".join(lines))


def serve(options):
    """A stage: prints each of its rows as a line of JSON."""
    # Libraries print what they like; the rows go where nothing else does.
    rows = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    try:
        for row in STAGES[options.stage].rows(options):
            print(json.dumps(row), file=rows, flush=True)
    except RuntimeError as error:
        raise SystemExit(f"Error: {error}") from None


def run(options, name, seconds, report):
    """Runs a stage in a process of its own and writes its rows as they come.

    Returns:
        Whether it came to its end.
    """
    command = [sys.executable, __file__, f"--backend={options.backend}"]
    command += [f"--stage={name}", f"--seconds={seconds:.0f}", f"--work={options.work}"]
    command += [f"--output={options.output}", f"--data={options.data}"]
    command += ["--rehearse"] * options.rehearse
    told = workers.environment(options.backend)
    # Equal steps of two stages are compiled once.
    told.setdefault("JAX_COMPILATION_CACHE_DIR", str(options.work / "compiled"))
    began, late = time.monotonic(), threading.Event()
    report.begin(name, round(seconds, 1))
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            command,
            **{"stdout": subprocess.PIPE, "stderr": errors, "text": True},
            env=told,
            start_new_session=True,
        )

        def stop():
            late.set()
            end(process)

        timer = threading.Timer(seconds, stop)
        timer.start()
        with process:
            try:
                for line in process.stdout:
                    report.add(json.loads(line))
                status = process.wait()
            finally:
                timer.cancel()
                end(process)
        errors.seek(0)
        said = errors.read().strip().splitlines()
    if late.is_set():
        words = f"stopped after its {seconds:.0f} s"
    elif status:
        words = f"failed: {said[-1] if said else f'status {status}'}"
    else:
        words = "complete"
    report.end(words, time.monotonic() - began)
    print(f"{name}: {words}, {time.monotonic() - began:.0f} s", flush=True)
    return words == "complete"


def end(process):
    """Ends a stage with all processes that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def main():
    options = flags()
    if options.stage is not None:
        serve(options)
        return
    # So that a stop from outside ends the stage's processes, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options.output.mkdir(parents=True, exist_ok=True)
    end_at = time.monotonic() + 60 * options.minutes
    report, complete = Report(options), True
    with tempfile.TemporaryDirectory() as work:
        options.work = pathlib.Path(work)
        options.data = options.data or options.work / "data"
        for number, name in enumerate(options.stages):
            shares = [STAGES[later].seconds for later in options.stages[number:]]
            seconds = (end_at - time.monotonic()) * shares[0] / sum(shares)
            complete &= run(options, name, seconds, report)
    print(f"Results: {options.output / 'results.md'}")
    sys.exit(0 if complete else 1)


if __name__ == "__main__":
    main()
