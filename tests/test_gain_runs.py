"""One training of augmentation_gain, and the tables of many."""

import os
import signal

import pytest

from experiments.flags import common
from experiments.gain import results as gain_results
from experiments.gain import runs as gain_runs
from hwgen_keras.errors import InputError

pytestmark = pytest.mark.backend_free


class TestOneTraining:
    """`train`, with a classifier that is not trained."""

    @pytest.fixture
    def called(self, monkeypatch):
        options = []

        class Test:
            def read(self, path, folder, name):
                (folder / "report.json").write_text("{}")

        monkeypatch.setattr(gain_runs, "test_images", lambda test: Test())
        monkeypatch.setattr(gain_runs.train_classifier, "main", options.append)
        return options

    def test_one_that_had_begun_goes_on(self, called, tmp_path):
        gain_runs.train(tmp_path / "new", {"steps": 2}, {})
        assert not called[0].resume
        (tmp_path / "old" / "checkpoints").mkdir(parents=True)
        (tmp_path / "old" / "history.jsonl").write_text("")
        gain_runs.train(tmp_path / "old", {"steps": 2}, {})
        assert called[1].resume and called[1].run_dir == str(tmp_path / "old")
        assert not (tmp_path / "old" / "checkpoints").exists()

    def test_one_that_is_trained_only_reads(self, called, tmp_path):
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "classifier.keras").write_text("")
        gain_runs.train(tmp_path / "run", {}, {})
        assert not called and (tmp_path / "run" / "report.json").exists()

    def test_a_mistake_names_the_folder(self, called, tmp_path, monkeypatch):
        def fail(options):
            raise InputError("--steps is -1.")

        monkeypatch.setattr(gain_runs.train_classifier, "main", fail)
        with pytest.raises(InputError, match="run: --steps is -1"):
            gain_runs.train(tmp_path / "run", {}, {})

    @pytest.mark.parametrize("by", [KeyboardInterrupt, common.Stopped])
    def test_ctrl_c_says_how_to_go_on(self, called, tmp_path, monkeypatch, by):
        def stop(options):
            if by is KeyboardInterrupt:
                os.kill(os.getpid(), signal.SIGINT)
            raise by("told otherwise")

        monkeypatch.setattr(gain_runs.train_classifier, "main", stop)
        before = signal.getsignal(signal.SIGINT)
        with pytest.raises(common.Stopped, match="the same command goes on"):
            gain_runs.train(tmp_path / "run", {}, {})
        assert signal.getsignal(signal.SIGINT) is before


def test_processes_share_the_cores():
    assert set(gain_runs.threads(2, cores=8).values()) == {"4"}
    assert set(gain_runs.threads(3, cores=2).values()) == {"1"}


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
