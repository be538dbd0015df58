"""python tests/kill_driver.py MODEL KILL_AT FOLDER: trains to step 7, or is killed.

A process for test_kill.py. At step KILL_AT, while the checkpoint of that step is being
written, it sends itself SIGKILL; 0: never. It resumes what is in the folder.
"""

import importlib.util
import os
import pathlib
import signal
import sys

import networks
import numpy as np
from keras import ops

from experiments import train_classifier, train_generator
from hwgen_keras import training
from hwgen_keras.characters import character_set
from hwgen_keras.data import (
    ClassificationSampler,
    ImageStore,
    PairSampler,
    feed,
    simulated_store,
)
from hwgen_keras.inputs import cache as prepared
from hwgen_keras.models import StyleTransfer, adam_pair
from hwgen_keras.sources import find_fonts
from hwgen_keras.training import checkpoints
from hwgen_keras.training.plateau import Plateau

CHARACTERS, BATCH_SIZE, SIZE = "あいうえ", 2, 16


def generator(store):
    """A GAN with all that has a state, fed by the Python feed."""
    model = StyleTransfer(
        networks.generator(multipliers=(1,)),
        networks.discriminator(),
        instance_noise=0.1,
    )
    networks.compile_style_transfer(model, adam_pair(1e-3, ema_momentum=0.9))
    sampler = PairSampler(store, "step_end")
    return model, lambda first, steps: feed(
        store, sampler, BATCH_SIZE, steps, first, kind="python"
    )


def classifier(store):
    """A classifier with dropout and an accuracy."""
    model = networks.compile_classifier(networks.image_classifier())
    model.compile(
        optimizer=model.optimizer,
        loss=model.loss,
        metrics=["accuracy"],
        jit_compile=networks.JIT,
    )
    sampler = ClassificationSampler(store)
    return model, lambda first, steps: feed(
        store, sampler, BATCH_SIZE, steps, first, outputs=("image", "label")
    )


def main(kind, folder, kill_at):
    characters = pathlib.Path(folder).with_suffix(".txt")
    characters.write_text("\n".join(CHARACTERS) + "\n", encoding="utf-8")
    characters = character_set(str(characters))
    package = pathlib.Path(importlib.util.find_spec("matplotlib_fontja").origin).parent
    fonts = find_fonts([str(package / "fonts" / "ipaexg.ttf")])
    store = ImageStore.merge(
        [
            prepared.glyphs("", fonts, characters, SIZE),
            simulated_store(range(2), characters, SIZE, progress=False),
        ]
    )
    script = {"generator": train_generator, "classifier": train_classifier}[kind]
    begun = pathlib.Path(folder).exists()
    needed = {"generator": {"clip_weights": "none"}, "classifier": {"fonts": ["none"]}}
    settings = script.Settings(
        **needed[kind],
        run_dir=folder,
        resume=begun,
        steps=7,
        interval=3,
        # After every step.
        checkpoint_minutes=1e-9,
        best_metric="loss",
    )
    flush = checkpoints.flush

    def kill(partial):
        if partial.name.endswith(f"step-{kill_at:08d}"):
            os.kill(os.getpid(), signal.SIGKILL)
        flush(partial)

    checkpoints.flush = kill
    with training.Run(kind, settings) as run:
        training.set_up(settings)
        model, make_feed = globals()[kind](store)
        # Its rates follow the logged losses.
        extra = [Plateau(patience=0, every=1)] if kind == "classifier" else []
        training.fit(run, model, make_feed, settings.steps, extra=extra)
        variables = [*model.weights, *model.optimizer.variables]
        arrays = [ops.convert_to_numpy(variable) for variable in variables]
        np.savez(run.folder / "final.npz", *arrays)


if __name__ == "__main__":
    if sys.argv[1] == "generator":
        # Keras would import it to seed it, for longer than the training takes.
        sys.modules["tensorflow"] = None  # type: ignore[assignment]
    main(sys.argv[1], sys.argv[3], int(sys.argv[2]))
