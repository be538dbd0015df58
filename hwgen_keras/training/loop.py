"""The training loop of a run, from its last checkpoint to its last step."""

import contextlib

import numpy as np

from hwgen_keras.backend import process, synchronize_batch_norm
from hwgen_keras.errors import InputError, Stopped
from hwgen_keras.training import callbacks, checkpoints, guards, telemetry


def interval_of(settings, steps):
    """`--interval`, or a twentieth of the run, see `Intervals`."""
    group = settings.steps_per_execution
    return settings.interval or -(-max(10, min(1000, steps // 20)) // group) * group


def fit(run, model, make_feed, steps, draw=None, title=None, extra=()):
    """Trains a compiled, built model from its last checkpoint to its last step.

    Args:
        run: the `Run`.
        model: a compiled and built model.
        make_feed: a function (first step, number of steps) → data for `fit`.
        steps: of the whole training.
        draw: optional function, model → PIL image, saved at every interval.
        title: of the progress bar.
        extra: other callbacks; checkpoints keep the state of those with `get_state` and
            `set_state`; one that is `ended` ends the training.

    Raises:
        Stopped: a signal came; a checkpoint was written.
        InputError: a weight, or a loss several times, is not finite; the run folder
            cannot be written; no checkpoint can be read.
    """
    settings = run.settings
    interval = interval_of(settings, steps)
    synchronize_batch_norm(model)
    with run.writable():
        restored = checkpoints.restore(model, run.checkpoints, run.leads)
        first = restored["step"]
        checkpoints.trim_history(run.history, first)
    if not first:
        # The draws of a new training do not depend on earlier uses of the model.
        for number, variable in enumerate(checkpoints.seed_states(model)):
            variable.assign(np.array([settings.seed, number], "uint32"))
    if 0 < first < steps:
        print(f"Continuing at step {first} of {steps}.", flush=True)
    progress = callbacks.Progress(first, steps, title or run.experiment)
    data_wait = telemetry.DataWait()
    log = callbacks.EventLog(
        run.logs, run.history, progress, settings.batch_size, data_wait
    )
    guard = guards.NonFiniteGuard(settings.max_nonfinite)
    signals = guards.CaughtSignals()
    # `extra` comes first, so that `log` has its metrics.
    watchers = [*extra, progress, log]
    if draw is not None:
        watchers.append(callbacks.SampleSheet(draw, run.samples, log))
    checkpoint = checkpoints.Checkpoint(
        run.own / run.checkpoints.name,
        progress,
        keep=settings.keep_checkpoints,
        best_metric=settings.best_metric,
        stateful=[*extra, guard],
        # Several processes agree at the end of an interval alone.
        interval=interval if process()[1] == 1 else None,
        minutes=settings.checkpoint_minutes,
        signals=signals,
    )
    checkpoint.resume(restored)
    watchers += [guard, checkpoint]
    profile = contextlib.nullcontext()
    if settings.profile is not None:
        profile = telemetry.Profile(run.logs, progress, *settings.profiled_steps)
        watchers.append(profile)
    watchers.append(data_wait)
    with run.writable(), signals, progress.bar, profile:
        while progress.step < steps and not (
            guard.offender
            or signals.name
            or any(getattr(callback, "ended", False) for callback in extra)
        ):
            # Whole intervals in one `fit`; a partial one before or after, alone.
            step, left = progress.step, steps - progress.step
            length = min(left, interval - step % interval)
            epochs = left // interval if length == interval else 1
            feed = make_feed(step, epochs * length)
            if restored.get("metrics"):
                checkpoints.build_metrics(model, feed)
                restored = {}
            try:
                model.fit(
                    feed,
                    epochs=epochs,
                    steps_per_epoch=length,
                    shuffle=False,
                    verbose=0,
                    callbacks=watchers,
                )
            except checkpoints.Interrupted:
                log.on_train_end()
    if guard.offender:
        saved = checkpoints.checkpoint_folders(run.checkpoints)
        kept = f"the last good checkpoint is {saved[-1]}" if saved else "no checkpoint"
        raise InputError(
            f"Training stopped at step {progress.step}: {guard.offender} is not a "
            f"finite number; {kept}; lower --learning_rate."
        )
    if signals.name and progress.step < steps:
        raise Stopped(
            f"{signals.name}: stopped after step {progress.step} of {steps}; continue "
            f"with the same command, --run_dir={run.folder} --resume.",
            status=0 if signals.name == "SIGTERM" else 130,
        )
