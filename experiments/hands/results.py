"""What an adaptation says, measures and saves, of images or of tracks."""

import shutil

from hwgen_keras import files, training


def report(run, store, generator, learning, known, held, what):
    """Prints and notes what learns from what."""
    print(
        f"{run.settings.part}: {learning:,} of {generator.count_params():,} weights "
        f"learn from {len(known)} {what}; {len(held)} are held out.",
        flush=True,
    )
    names = "".join(store.characters[k] for k in sorted(set(store.labels[held])))
    run.note(weights=learning, known=len(known), held_out=names)


def watchers_of(run, model, batch, **summary):
    """The `HeldOut` of a held-out batch, in a list; none without a batch."""
    if batch is None:
        return []
    watcher = training.HeldOut(run, batch, run.settings.patience, **summary)
    watcher.begin(model)
    return [watcher]


def finish(run, model, watcher=None):
    """Saves the generator, the best one if images are held out, and reports losses."""
    path, settings = run.folder / "generator.keras", run.settings
    if watcher is None:
        run.save(model.generator, path.name)
        print(f"Saved {path}; of so few characters none was held out.")
        return path
    losses, best = watcher.results["losses"], watcher.results["best"]
    interval = training.interval_of(settings, settings.steps)
    measured = {
        "held_out_before": losses[0],
        "held_out_after": losses[best],
        "best_step": min(best * interval, settings.steps),
    }
    run.write_json("metrics.json", measured)
    with run.writable(), files.complete_file(path) as partial:
        shutil.copyfile(run.folder / "best.keras", partial)
    change = 100 * (losses[best] / losses[0] - 1)
    if best:
        print(
            f"Loss of what is held out: {losses[0]:.4f} before, {losses[best]:.4f} "
            f"after {measured['best_step']} steps ({change:+.1f} %). Saved {path}"
        )
    else:
        print(
            f"What is held out was written best before ({losses[0]:.4f}, then "
            f"{min(losses[1:]):.4f} at best): {path} is the given generator."
        )
    return path
