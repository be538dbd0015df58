"""One training of augmentation_gain, and the tables of many."""

import os
import signal

import pytest

from experiments import train_classifier
from experiments.gain import results as gain_results
from experiments.gain import runs as gain_runs
from hwgen_keras import parallel
from hwgen_keras.errors import InputError, Stopped

pytestmark = pytest.mark.backend_free


class TestOneTraining:
    """`train`, with a classifier that is not trained."""

    @pytest.fixture(autouse=True)
    def reads(self, monkeypatch):
        class Test:
            def read(self, path, folder, name):
                (folder / "report.json").write_text("{}")

        monkeypatch.setattr(gain_runs, "test_images", lambda test: Test())

    @pytest.fixture
    def train(self, tmp_path):
        """A function, (name of the folder, `main`) → the settings of each training."""

        def run(name, main=None):
            called = []
            run_dir = str(tmp_path / name)
            settings = train_classifier.Settings(train=["x"], run_dir=run_dir)
            gain_runs.train(main or called.append, settings, None)
            return called

        return run

    def test_one_that_had_begun_resumes(self, train, tmp_path):
        assert not train("new")[0].resume
        (tmp_path / "old" / "checkpoints").mkdir(parents=True)
        (tmp_path / "old" / "history.jsonl").write_text("")
        (settings,) = train("old")
        assert settings.resume and settings.run_dir == str(tmp_path / "old")
        assert not (tmp_path / "old" / "checkpoints").exists()

    def test_one_that_is_trained_only_reads(self, train, tmp_path):
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "classifier.keras").write_text("")
        assert not train("run") and (tmp_path / "run" / "report.json").exists()

    def test_a_mistake_names_the_folder(self, train):
        def fail(settings):
            raise InputError("--steps is -1.")

        with pytest.raises(InputError, match="run: --steps is -1"):
            train("run", fail)

    @pytest.mark.parametrize("by", [KeyboardInterrupt, Stopped])
    def test_ctrl_c_says_how_to_resume(self, train, by):
        def stop(settings):
            if by is KeyboardInterrupt:
                os.kill(os.getpid(), signal.SIGINT)
            raise by("otherwise")

        before = signal.getsignal(signal.SIGINT)
        with pytest.raises(Stopped, match="the same command resumes"):
            train("run", stop)
        assert signal.getsignal(signal.SIGINT) is before


def test_processes_share_the_cores():
    assert set(parallel.threads(2, 8).values()) == {"4"}
    assert set(parallel.threads(3, 2).values()) == {"1"}


def test_without_a_generator_the_best_is_beside_classical():
    arms = {"real": {}, "classical": {}, "fonts": {}}
    rows = [
        {"arm": arm, "amount": 1, "seed": 0, "accuracy": a, "macro_f1": a, "images": 9}
        for arm, a in (("real", 0.2), ("classical", 0.5), ("fonts", 0.75))
    ]
    summary = gain_results.summarise(rows, arms)
    assert gain_results.compared(summary, arms, 1) == ("classical", "fonts")
    assert [line["baseline"] for line in summary] == ["fonts"] * 3
    # Errors 0.25 with fonts, 0.8 without.
    assert summary[0]["error_reduction"] == pytest.approx(-2.2)
    assert summary[0]["error_reduction_half"] is None
    assert summary[2]["error_reduction"] is None
    header, table = gain_results.table(summary, "accuracy", "writers")
    assert header == ["Trained on", "1 real writer"]
    assert table[2] == ["fonts", (75.0, None)]
    assert gain_results.compared(summary[:1], arms, 1) is None


def test_an_arm_that_an_amount_lacks_keeps_its_place():
    arms = {"classical": {}, "fonts": {}}
    rows = [
        {"arm": arm, "amount": n, "seed": 0, "accuracy": a, "macro_f1": a, "images": 9}
        for arm, n, a in (("fonts", 0, 0.5), ("classical", 3, 0.6), ("fonts", 3, 0.7))
    ]
    summary = gain_results.summarise(rows, arms)
    _, table = gain_results.table(summary, "accuracy", "writers")
    assert table == [
        ["classical", None, (60.0, None)],
        ["fonts", (50, None), (70, None)],
    ]
    assert gain_results.baselines(summary) == {0: "fonts", 3: "fonts"}
    assert list(gain_results.baselines(summary)) == [0, 3]
