"""Stages of gpu.py that train: the reader, the stroke writer and the AdaIN generator.

Each training is a script of experiments, in a process of its own. When its time is
over it gets SIGTERM, writes a checkpoint and stops; the same command, resumed for the
steps that it has done, then writes the network. That is read or reads, and is stored in
half precision.
"""

import contextlib
import functools
import json
import pathlib
import shutil
import signal
import subprocess
import sys
import time
from typing import NamedTuple

import gpu_data
from workers import ROOT, environment

COLUMNS = (
    *("training", "policy", "batch", "steps", "of steps", "seconds", "steps/s"),
    *("images/s", "data wait", "loss", "held out", "read", "of images", "MB", "failed"),
)
# Megabytes of a network in half precision.
MOST_MEGABYTES = 15
# Seconds of a stage that are left to store, measure and draw.
RESERVE = 35
READER = "jis1-reader"
WRITTEN_AT_ONCE = 8


class Training(NamedTuple):
    """A training by a script of experiments; `{…}` stand for files in its flags."""

    script: str
    product: str
    seconds: int  # of nine minutes
    flags: str
    real: str  # more flags
    rehearsed: str  # in their place


_IMAGES = "--image_size=64 --skip_unknown_characters --cache={work}/cache"
TRAININGS = {
    "reader": Training(
        *("train_classifier", "classifier.keras", 80),
        f"{_IMAGES} --characters=japanese --fonts={{glyphs}} --train={{hands}} "
        "--validation={held_out} --augment=affine --real_share=0.5",
        "--size=small --widths=16,32,96,192 --batch_size=256 --learning_rate=2e-3 "
        "--warmup_steps=100 --steps=3000 --interval=100 --dtype_policy=mixed_bfloat16",
        "--size=tiny --batch_size=4 --steps=2",
    ),
    "writer": Training(
        *("train_writer", "generator.keras", 75),
        "--characters=japanese --strokes={tracks}",
        "--size=small --batch_size=256 --learning_rate=2e-3 --steps=6000 "
        "--interval=100 --variation=1 --dtype_policy=mixed_bfloat16",
        "--size=tiny --batch_size=4 --steps=2 --held_out_writers=1 --characters_each=4",
    ),
    "generator": Training(
        # JAX compiles its step for a minute or more.
        *("train_generator", "generator.keras", 115),
        f"{_IMAGES} --characters=jis1 --fonts={{glyphs}} --handwriting={{hands}} "
        f"--clip_weights={ROOT}/saved_models/jis1-clip/model.keras --stage=step_end "
        "--from_scratch --style_reference=writer --mode=adain_clip",
        "--size=small --batch_size=64 --learning_rate=2e-3 --steps=3000 --interval=100 "
        "--dtype_policy=mixed_bfloat16",
        "--size=tiny --batch_size=2 --steps=2",
    ),
}


def train(options, name):
    """The stage of a training: a row of its speed, and one of what the network does.

    Args:
        options: of gpu.py; `seconds` are those of the stage.
        name: a key of `TRAININGS`.

    Raises:
        RuntimeError: the training failed, or the network is too large.
    """
    began = time.monotonic()
    kind, run = TRAININGS[name], options.work / name
    flags = flags_of(kind, options)
    reserve = 0 if options.rehearse else RESERVE
    call(kind, flags, run, options, options.seconds - reserve)
    seconds = time.monotonic() - began
    if not (run / kind.product).is_file():
        done = steps_done(run)
        flags = [f"--steps={done}", "--resume"]
        call(kind, flags, run, options, None)
    yield {**facts(name, run), "seconds": seconds}
    yield {"training": name, **finished(name, run, options)}


def flags_of(kind, options):
    """The flags of a training."""
    names = {"glyphs": gpu_data.GLYPHS, "hands": gpu_data.HANDS}
    names |= {"held_out": gpu_data.HELD_OUT, "tracks": gpu_data.TRACKS}
    places = {name: options.data / file for name, file in names.items()}
    text = f"{kind.flags} {kind.rehearsed if options.rehearse else kind.real}"
    return [word.format(work=options.work, **places) for word in text.split()]


def call(kind, flags, run, options, seconds):
    """Runs the script; after so many seconds it is told to stop, None: never.

    Raises:
        RuntimeError: it failed; the message is its last line.
    """
    command = [sys.executable, "-m", f"experiments.{kind.script}", *flags]
    log = run.with_suffix(".log")
    with open(log, "a", encoding="utf-8") as file:
        process = subprocess.Popen(
            [*command, f"--run_dir={run}"],
            **{"stdout": file, "stderr": subprocess.STDOUT},
            env=environment(options.backend),
            cwd=ROOT,
        )
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGTERM)
            status = process.wait()
    if status:
        lines = log.read_text(encoding="utf-8").strip().splitlines()
        raise RuntimeError(f"{kind.script}: {lines[-1] if lines else status}")


def steps_done(run):
    """The steps of the last checkpoint."""
    folders = sorted((run / "checkpoints").glob("step-*"))
    if not folders:
        raise RuntimeError("The training has no checkpoint; give it more time.")
    return int(folders[-1].name.removeprefix("step-"))


def facts(name, run):
    """What the run folder tells: flags, steps, speeds, losses."""
    told = json.loads((run / "config.json").read_text("utf-8"))["flags"]
    history = (run / "history.jsonl").read_text("utf-8").splitlines()
    lines = [json.loads(line) for line in history]
    last = lines[-1]
    # The first interval also compiles.
    row = {
        "training": name,
        "policy": told["dtype_policy"],
        "batch": told["batch_size"],
    }
    row |= {"steps": last["step"], "of steps": told["steps"]}
    row |= {"steps/s": last["steps_per_second"], "images/s": last["images_per_second"]}
    row |= {"data wait": last["data_wait"], "loss": last["loss"]}
    held = "validation_accuracy" if name == "reader" else "held_out_loss"
    if held in last:
        row["held out"] = last[held]
    return row | {"history": lines}


def finished(name, run, options):
    """Stores the network and its sheet; {what it reads or what is read of it, size}."""
    from hwgen_keras import models

    product = run / TRAININGS[name].product
    classes = {"reader": models.Classifier, "writer": models.StrokeWriter}
    kind = classes.get(name, models.AdaINGenerator)
    network = models.load_trained(product, kind, "--run_dir")
    stored = options.output / f"{name}.keras"
    models.save_model(network, stored, storage="float16")
    megabytes = stored.stat().st_size / 1e6
    if megabytes > MOST_MEGABYTES:
        stored.unlink()
        raise RuntimeError(f"{stored.name} has {megabytes:.1f} MB, more than allowed.")
    count = 8 if options.rehearse else 256
    measure = {"reader": read_held_out, "writer": written}.get(name, generated)
    share, count = measure(network, run, options, count)
    return {"read": share, "of images": count, "MB": megabytes}


def read_held_out(network, run, options, count):
    """The share of images by other writers that the reader reads, and their number."""
    import numpy as np

    from hwgen_keras import data, evaluation, files
    from hwgen_keras.characters import CharacterSet

    store = data.ImageStore.open(options.data / gpu_data.HELD_OUT)
    store = store.relabel(CharacterSet("the reader's", network.characters))
    predicted, _ = evaluation.read_store(network, store)
    names, shown = network.characters, range(min(64, len(store)))
    cells = [
        (f"{names[store.labels[k]]} {names[predicted[k]]}", store.decode_one(k))
        for k in shown
    ]
    with files.complete_file(options.output / "reader.png") as partial:
        evaluation.captioned_grid(cells, 16, 48).save(partial)
    return float(np.mean(predicted == store.labels)), len(store)


def written(network, run, options, count):
    """The share of characters in new hands that `READER` reads, and their number.

    A writer that was trained for too short a time refuses to write what leaves the box.
    That and the few that are written with it count as not read.
    """
    import hwgen_keras as hw

    copy_sheet("writer", run, options)
    known = (run / "characters.txt").read_text("utf-8").split("\n")[:-1]
    writer = hw.load(network, characters=known)
    every = known[:: max(1, len(known) // count)][:count]
    right = 0.0
    for start in range(0, len(every), WRITTEN_AT_ONCE):
        some = every[start : start + WRITTEN_AT_ONCE]
        with contextlib.suppress(hw.InputError):
            images = writer.write("".join(some), seed=1 + start, image_size=64)
            right += len(some) * share_read(images, some)[0]
    return right / len(every), len(every)


def generated(network, run, options, count):
    """The share of rewritten rows that `READER` reads, and their number."""
    import keras
    import numpy as np

    from experiments import train_generator
    from hwgen_keras import data
    from hwgen_keras.generation import to_uint8
    from hwgen_keras.training.stages import load_data

    copy_sheet("generator", run, options)
    told = json.loads((run / "config.json").read_text("utf-8"))["flags"]
    known = train_generator.Settings.among(told)
    # Other rows than those of the training.
    known = known.replace(seed=1, run_dir=None)
    store, sampler, knowledge = load_data(known)
    rows = data.feed(store, sampler, count, 1, kind="python")[0]
    tensors = {
        name: keras.ops.convert_to_tensor(rows[name]) for name in network.input_names
    }
    images = to_uint8(network(tensors))
    characters = [knowledge.characters[k] for k in rows["label"]]
    return share_read(np.asarray(images), characters)


@functools.cache
def judge():
    import hwgen_keras as hw

    return hw.load(str(ROOT / "saved_models" / READER), format="keras")


def share_read(images, characters):
    """The share of images that `READER` reads as these characters, and their number."""
    found, _ = judge().read(images, top_k=1)
    right = [row[0] == c for row, c in zip(found, characters, strict=True)]
    return sum(right) / len(right), len(right)


def copy_sheet(name, run, options):
    """Copies the last sheet of samples of a run to the output."""
    *_, last = sorted(pathlib.Path(run, "samples").glob("*.png"))
    shutil.copyfile(last, options.output / f"{name}.png")
