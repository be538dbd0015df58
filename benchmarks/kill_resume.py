"""python benchmarks/kill_resume.py --model=generator --times=20

Trains once without a break, then again and again with kill -9 at random moments after
a first checkpoint and --resume, through the scripts of experiments/. Prints a row each:
how long after a checkpoint it was killed, at which step it went on, whether the logged
losses and the final weights are those of the unbroken run, bit for bit; then "20 of 20
equal". Exit status 1 if not all are.

Data: simulated writers, and the font of the package matplotlib-fontja.
"""

import argparse
import importlib.util
import io
import json
import pathlib
import random
import re
import subprocess
import sys
import tempfile
import time
import zipfile

import h5py
import numpy as np

CHARACTERS = "あいうえおかきくけこ"
# What differs from run to run though the training does not.
TIMES = re.compile("per_second|data_wait")


def arguments(kind, folder, steps, interval):
    """The command that trains, without --run_dir, and the name of what it leaves."""
    package = importlib.util.find_spec("matplotlib_fontja")
    if package is None:
        sys.exit("kill_resume needs the package matplotlib-fontja.")
    font = pathlib.Path(package.origin).parent / "fonts" / "ipaexg.ttf"
    characters = folder / "characters.txt"
    characters.write_text("\n".join(CHARACTERS) + "\n", encoding="utf-8")
    data = [
        *("--size=tiny", "--image_size=32", f"--characters={characters}"),
        *(f"--fonts={font}", "--simulated_writers=2", f"--cache={folder / 'cache'}"),
    ]
    # Also a checkpoint every fifth of a second, within intervals.
    length = [f"--steps={steps}", f"--interval={interval}", "--batch_size=4"]
    length += ["--checkpoint_minutes=0.003"]
    if kind == "classifier":
        script = "experiments.train_classifier"
        return [script, *data, *length, "--augment=affine"], "classifier.keras"
    short = ["--steps=2", "--interval=2", "--batch_size=4"]
    image, text, clip = (folder / name for name in ("image", "text", "clip"))
    run("experiments.train_image_encoder", *data, *short, f"--run_dir={image}")
    run(
        *("experiments.train_text_encoder", "--size=tiny", *short),
        *(f"--characters={characters}", f"--run_dir={text}"),
    )
    run(
        *("experiments.train_clip", *data, *short, f"--run_dir={clip}"),
        *(f"--image_weights={image}", f"--text_weights={text}"),
    )
    script = "experiments.train_generator"
    flags = [f"--clip_weights={clip}", "--stage=step_end", "--from_scratch"]
    flags += ["--ema=0.9", "--instance_noise=0.1"]
    return [script, *data, *length, *flags], "generator.keras"


def start(module, *flags):
    return subprocess.Popen(
        [sys.executable, "-m", module, *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )


def run(module, *flags):
    """Runs a script to its end and returns what it printed."""
    process = start(module, *flags)
    printed, _ = process.communicate()
    if process.returncode:
        sys.exit(f"{module} ended with {process.returncode}:\n{printed[-2000:]}")
    return printed


def wait(process, run_dir, pattern="checkpoints/*"):
    """Waits until a process has ended, or has made one more file of a name; when."""
    before = set(run_dir.glob(pattern))
    while process.poll() is None and set(run_dir.glob(pattern)) <= before:
        time.sleep(0.01)
    return time.monotonic()


def unbroken(run_dir, result, module, *flags):
    """Trains; seconds from the first checkpoint to the result, and those of all.

    Importing, which comes before that, takes most of so short a run.
    """
    begun = time.monotonic()
    process = start(module, *flags, f"--run_dir={run_dir}")
    saved = wait(process, run_dir)
    trained = wait(process, run_dir, result)
    printed, _ = process.communicate()
    if process.returncode:
        sys.exit(f"{module} ended with {process.returncode}:\n{printed[-2000:]}")
    return trained - saved, time.monotonic() - begun


def killed(moment, run_dir, module, *flags):
    """Kills a run so many seconds after a checkpoint; whether it still ran then."""
    process = start(module, *flags, f"--run_dir={run_dir}")
    wait(process, run_dir)
    try:
        process.communicate(timeout=moment)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return True
    if process.returncode:
        sys.exit(f"{module} ended with {process.returncode}.")
    return False


def history(folder):
    """The logged lines of a run, without what tells the time."""
    lines = (folder / "history.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return [{k: v for k, v in row.items() if not TIMES.search(k)} for row in rows]


def weights(path):
    """{name: array} of a .keras file."""
    found = {}

    def keep(name, item):
        if isinstance(item, h5py.Dataset):
            found[name] = item[()]

    content = zipfile.ZipFile(path).read("model.weights.h5")
    with h5py.File(io.BytesIO(content)) as file:
        file.visititems(keep)
    return found


def same_weights(a, b):
    """Whether two .keras files have the same bits in their weights."""
    a, b = weights(a), weights(b)
    return a.keys() == b.keys() and all(np.array_equal(a[k], b[k]) for k in a)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", choices=["classifier", "generator"], required=True)
    parser.add_argument("--times", type=int, default=20, help="runs that are killed")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--interval", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    options = parser.parse_args()
    rng, equal = random.Random(options.seed), 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (module, *flags), result = arguments(
            options.model, folder, options.steps, options.interval
        )
        whole = folder / "whole"
        length, seconds = unbroken(whole, result, module, *flags)
        print(
            f"{options.model}: the unbroken run took {seconds:.1f} s, "
            f"{length:.1f} s of them from its first checkpoint to its result",
            flush=True,
        )
        print("run  killed after (s)     went on at step   losses  weights", flush=True)
        for number in range(options.times):
            parts = folder / f"parts-{number}"
            command = [module, *flags]
            moments, steps, resume, left = [], [], [], length
            # One time in two it is killed again while it goes on.
            for moment in rng.choices([1, 2])[0] * [None]:
                moment = rng.uniform(0.0, 1.0) * left
                left -= moment
                if killed(moment, parts, *command, *resume):
                    moments.append(f"{moment:.1f}")
                resume = ["--resume"]
            printed = run(*command, f"--run_dir={parts}", *resume)
            steps += re.findall(r"Continuing at step (\d+)", printed) or ["-"]
            losses = history(parts) == history(whole)
            bits = same_weights(parts / result, whole / result)
            equal += losses and bits
            row = f"{number:3}  {' and '.join(moments) or 'not':20} {steps[-1]:>15}"
            words = ["equal" if same else "OTHER" for same in (losses, bits)]
            print(f"{row}   {words[0]:7} {words[1]}", flush=True)
    print(f"{equal} of {options.times} equal")
    return 0 if equal == options.times else 1


if __name__ == "__main__":
    sys.exit(main())
