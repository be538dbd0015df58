"""Trainings of the scripts up to their `fit`, which makes a few steps, or none.

No weights are written: those of the size base are gigabytes.
"""

import json
import types

import numpy as np
import pytest
from hand_folder import characters_file, hand_folder

from experiments import flags
from hwgen_keras import models, training
from hwgen_keras.training import (
    adaptation,
    feeds,
    generator_networks,
    stages,
)


class Pipeline:
    """Trainings by their scripts, each with the networks of those before.

    Args:
        folder: of the runs.
        characters: the `CharacterSet`.
        font: path of a font.
        steps: of each training; their metrics must be numbers.
        shared: settings of all scripts.
    """

    def __init__(self, folder, characters, font, steps=0, **shared):
        self.folder, self.steps, self.networks = folder, steps, {}
        self.shared = {
            **{"size": "tiny", "image_size": 32, "cache": "", "fonts": [str(font)]},
            "characters": characters_file(folder, characters),
            "handwriting": [str(hand_folder(folder / "hanako", "あいう"))],
            **shared,
        }

    def train(self, script, name, **values):
        """Runs a script; returns what it gave to `fit`, and `logs`, as attributes.

        Flags of weights may name a training of before by its `name`.
        """
        reached = []

        def fit(run, model, make_feed, steps, draw=None, title=None, extra=()):
            logs = {"loss": 0.0, "accuracy": 0.0}
            # A later training may freeze the network.
            model.optimizer.build(model.trainable_variables)
            if self.steps:
                length = {"steps_per_epoch": self.steps, "shuffle": False}
                feed = make_feed(0, self.steps)
                logs = model.fit(feed, **length, verbose=0).history
                logs = {name: values[-1] for name, values in logs.items()}
                assert all(np.isfinite(value) for value in logs.values()), logs
            run.history.write_text(json.dumps({"step": steps, **logs}) + "\n")
            given = {"run": run, "model": model, "make_feed": make_feed}
            given |= {"steps": steps, "extra": list(extra), "logs": logs}
            reached.append(types.SimpleNamespace(**given))

        def load_trained(path, *_):
            return self.networks[path]

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(training, "fit", fit)
            patch.setattr(stages, "fit", fit)
            patch.setattr(training.Run, "save", lambda run, _, name: run.folder / name)
            for module in (models, adaptation, generator_networks):
                patch.setattr(module, "load_trained", load_trained)
            values = {"run_dir": str(self.folder / name), **values}
            flags.call(script, self.shared, **values)
        (one,) = reached
        self.networks[name] = getattr(one.model, "generator", one.model)
        return one


def fed(reached):
    """What a training asks `feed` for, from its step 3 on: the arguments."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            feeds,
            "feed",
            lambda store, sampler, **more: types.SimpleNamespace(
                store=store, sampler=sampler, **more
            ),
        )
        return reached.make_feed(3, 2)
