"""python tests/gpu_rehearsal.py FLAG...: gpu.py, with some stages in one process.

What a stage of gpu.py starts imports Keras for five seconds each time. Here one stage,
one model whose steps are timed, and one training start as a user's do; all others run
as parts of this process: the same rows, files and flags, without those imports.
"""

import importlib
import json
import pathlib
import sys

import absl.flags

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "benchmarks"))

import gpu
import gpu_steps
import gpu_training
import step_worker
import train_step

from experiments import flags

# The stage, with the model that it trains, and the training that have processes.
STAGE, TRAINING = "profile", "train_classifier"
run, train = gpu.run, gpu_training.call


class Worker:
    """Stands for `step_worker.Worker`: its model is trained by this process."""

    def __init__(self, configuration):
        original = configuration["backend"] == "original"
        kind = step_worker.Original if original else step_worker.Trainer
        self.trainer = kind(configuration)

    def ask(self, command, count=0):
        return getattr(self.trainer, command)(count)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        pass


def call(kind, words, run_dir, options, seconds):
    """Stands for `gpu_training.call`: the script's `main` with its flags."""
    if kind.script == TRAINING:
        return train(kind, words, run_dir, options, seconds)
    script = importlib.import_module(f"experiments.{kind.script}")
    known = absl.flags.FlagValues()
    flags.define(script.Settings, known)
    assert known([kind.script, *words, f"--run_dir={run_dir}"]) == [kind.script]
    script.main(script.Settings(**flags.given(script.Settings, known)))


def run_here(options, name, seconds, report):
    """Stands for `gpu.run`: all stages but one are run by this process."""
    if name == STAGE:
        return run(options, name, seconds, report)
    options.seconds = seconds
    report.begin(name, round(seconds, 1))
    for row in gpu.STAGES[name].rows(options):
        # As it comes from a process.
        report.add(json.loads(json.dumps(row)))
    report.end("complete", 0.0)
    return True


if __name__ == "__main__":
    gpu_steps.Worker = train_step.Worker = Worker  # type: ignore[misc, assignment]
    gpu_training.call, gpu.run = call, run_here
    gpu.main()
