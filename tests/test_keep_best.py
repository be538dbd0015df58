"""The recogniser of the best held-out accuracy is what a run keeps."""

import json
import types

import numpy as np
import pytest

from hwgen_keras.training import Run, callbacks

pytestmark = pytest.mark.backend_free

LABELS = np.array([0, 1, 2, 3])
STORE = types.SimpleNamespace(labels=LABELS)


@pytest.fixture
def keep(tmp_path, monkeypatch):
    """A function, (number of right readings, callback) → (callback, its metric)."""
    settings = types.SimpleNamespace(
        run_dir=str(tmp_path), resume=True, values=lambda: {}
    )
    run = Run("train_classifier", settings)
    monkeypatch.setattr(run, "save", lambda model, name: saved.append((model, name)))
    monkeypatch.setattr(callbacks, "read_store", lambda model, store: (model, None))
    saved = []

    def measure(right, callback=None):
        callback = callback or callbacks.KeepBest(run, "classifier.keras", STORE)
        predicted = np.where(np.arange(4) < right, LABELS, LABELS + 1)
        callback.set_model(predicted)
        logs = {}
        callback.on_epoch_end(0, logs)
        return callback, logs["validation_accuracy"]

    with run:
        yield measure, saved, tmp_path / "best.json"


def test_only_a_better_recogniser_is_kept(keep):
    measure, saved, best = keep
    callback, accuracies = None, []
    for right in (2, 1, 2, 3, 0, 3):
        callback, accuracy = measure(right, callback)
        accuracies.append(accuracy)
    assert accuracies == [0.5, 0.25, 0.5, 0.75, 0.0, 0.75]
    # Of equal ones the earlier.
    assert [int(np.sum(model == LABELS)) for model, _ in saved] == [2, 3]
    assert {name for _, name in saved} == {"classifier.keras"}
    assert json.loads(best.read_text()) == {"validation_accuracy": 0.75}


def test_a_resumed_run_knows_the_best_before(keep):
    measure, saved, best = keep
    measure(3)
    measure(2)
    assert len(saved) == 1
    measure(4)
    assert len(saved) == 2


def test_the_first_is_kept_even_if_it_reads_nothing(keep):
    measure, saved, _ = keep
    measure(0)
    assert len(saved) == 1
