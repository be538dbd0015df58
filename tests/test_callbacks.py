"""What one sees of a training: a progress bar, logs and pictures."""

import json
import time
import types

import pytest
from keras import ops
from networks import (
    compile_style_transfer,
    one_weight,
    style_transfer,
)
from networks import fit_one_weight as fit
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.summary.writer import event_file_writer

from hwgen_keras.training import callbacks


@pytest.fixture
def line():
    return one_weight()


class TestProgress:
    def test_counts_over_several_fits(self, line):
        progress = callbacks.Progress(step=10, steps=20, show=False)
        fit(line, progress, epochs=2)
        assert progress.step == 14
        fit(line, progress, batch_size=1)
        assert progress.step == 18

    def test_shows_a_bar(self, line, capsys):
        fit(line, callbacks.Progress(0, 2, title="a title"))
        shown = capsys.readouterr().err
        assert "a title" in shown
        assert "2/2" in shown
        assert "loss=3.5" in shown


class TestEventLog:
    @pytest.fixture
    def log(self, tmp_path):
        progress = callbacks.Progress(0, 4, show=False)
        return callbacks.EventLog(tmp_path / "logs", tmp_path / "h.jsonl", progress)

    def read(self, log):
        log.writer.close()
        events = EventAccumulator(str(log.writer.get_logdir()))
        events.Reload()
        return events

    def test_scalars_and_lines(self, line, log):
        line.optimizer.learning_rate = 0.25
        fit(line, log.progress, log, epochs=2)
        events = self.read(log)
        names = {"loss", "learning_rate", "steps_per_second"}
        tags = {"loss/loss", "rate/learning_rate", "rate/steps_per_second"}
        assert set(events.Tags()["scalars"]) == tags
        assert [e.step for e in events.Scalars("loss/loss")] == [2, 4]
        assert events.Scalars("rate/learning_rate")[0].value == 0.25
        assert events.Scalars("rate/steps_per_second")[1].value > 0

        lines = [json.loads(text) for text in log.history.read_text().splitlines()]
        assert [entry["step"] for entry in lines] == [2, 4]
        assert set(lines[0]) == {"step", *names}
        for entry, event in zip(lines, events.Scalars("loss/loss"), strict=True):
            assert entry["loss"] == pytest.approx(event.value)

    def test_a_resumed_run_takes_back_what_lies_beyond(
        self, line, log, tmp_path, monkeypatch
    ):
        fit(line, log.progress, log, epochs=2)
        log.writer.close()
        # Files are read by the second in their names; within one, 10 comes before 9.
        later = types.SimpleNamespace(time=lambda: time.time() + 2)
        monkeypatch.setattr(event_file_writer, "time", later)
        # As after a kill: steps 3 and 4 are repeated.
        progress = callbacks.Progress(2, 4, show=False)
        again = callbacks.EventLog(tmp_path / "logs", tmp_path / "h.jsonl", progress)
        fit(line, progress, again)
        steps = [e.step for e in self.read(again).Scalars("loss/loss")]
        assert steps == [2, 4]

    def test_rows_a_second(self, line, log):
        log.batch_size = 2
        fit(line, log.progress, log)
        (entry,) = map(json.loads, log.history.read_text().splitlines())
        assert entry["images_per_second"] == 2 * entry["steps_per_second"] > 0

    def test_an_image(self, log):
        picture = Image.new("L", (5, 3), 200)
        log.progress.step = 7
        log.image("samples", picture)
        (event,) = self.read(log).Images("samples")
        assert (event.step, event.width, event.height) == (7, 5, 3)
        assert event.encoded_image_string.startswith(b"\x89PNG")

    def test_both_learning_rates_of_two_optimizers(self, log):
        for policy in ("float32", "mixed_float16"):
            model = style_transfer("adain", policy, False, False, (1,))
            compile_style_transfer(model)
            log.set_model(model)
            log.on_epoch_end(0, {"loss": 1.0})
            (entry, *_) = reversed(log.history.read_text().splitlines())
            rates = {k: v for k, v in json.loads(entry).items() if "rate" in k}
            assert rates == pytest.approx(
                {"learning_rate_generator": 1e-3, "learning_rate_discriminator": 1e-3}
            )


def test_sample_sheets_show_the_model_as_it_is(line, tmp_path):
    line.optimizer.learning_rate = 0.01
    progress = callbacks.Progress(0, 6, show=False)
    log = callbacks.EventLog(tmp_path / "logs", tmp_path / "h.jsonl", progress)
    seen = []

    def draw(model):
        seen.append(float(ops.convert_to_numpy(model.trainable_variables[0])[0, 0]))
        return Image.new("L", (4, 4))

    sheet = callbacks.SampleSheet(draw, tmp_path / "samples", log, every=2)
    fit(line, progress, log, sheet, epochs=3)
    # Every second epoch, and the end of the run.
    names = sorted(p.name for p in (tmp_path / "samples").iterdir())
    assert names == ["step-00000004.png", "step-00000006.png"]
    assert 1 > seen[0] > seen[1]
