"""Checkpoints that are broken or half written, and the log beyond them."""

import json

import numpy as np
import pytest
from networks import (
    CLASSES,
    compile_classifier,
    image_classifier,
    one_weight,
    save_steps,
)

from hwgen_keras.errors import InputError
from hwgen_keras.models import Classifier, ImageEncoder
from hwgen_keras.training import checkpoints


@pytest.fixture
def line():
    return one_weight()


class TestDamage:
    def test_nothing_to_restore(self, line, tmp_path):
        assert checkpoints.restore(line, tmp_path) == {"step": 0}
        assert checkpoints.restore(line, tmp_path / "missing") == {"step": 0}

    def test_ignores_what_is_half_written(self, line, tmp_path):
        save_steps(line, tmp_path, [5])
        half = tmp_path / "step-00000009"
        half.mkdir()
        (half / checkpoints.WEIGHTS).write_bytes(b"")
        partial = tmp_path / ".partial-1-step-00000010"
        partial.mkdir()
        (partial / checkpoints.PROGRESS).write_text('{"step": 10}')
        assert checkpoints.restore(line, tmp_path)["step"] == 5
        assert not partial.exists()
        # A folder that the next checkpoint is to have is replaced.
        save_steps(line, tmp_path, [9])
        assert checkpoints.restore(line, tmp_path)["step"] == 9
        assert sorted(tmp_path.iterdir()) == checkpoints.checkpoint_folders(tmp_path)

    def test_leaves_nothing_half_written(self, line, tmp_path, monkeypatch):
        def fail(path):
            path.write_bytes(b"the first half")
            raise OSError("No space left on device")

        monkeypatch.setattr(line, "save_weights", fail)
        with pytest.raises(OSError, match="No space"):
            save_steps(line, tmp_path, [5])
        assert list(tmp_path.iterdir()) == []

    def test_another_size(self, tmp_path):
        save_steps(compile_classifier(image_classifier()), tmp_path, [5])
        other = compile_classifier(Classifier(ImageEncoder(widths=(16, 32)), CLASSES))
        with pytest.raises(InputError, match="step-00000005 does not fit") as caught:
            checkpoints.restore(other, tmp_path)
        assert "\n" not in str(caught.value)
        assert (tmp_path / "step-00000005").is_dir()

    @pytest.mark.parametrize("kind", ["cut", "changed", "missing", "progress"])
    def test_goes_on_from_the_one_before(self, line, tmp_path, kind, capsys):
        save_steps(line, tmp_path, [5])
        line.set_weights([np.full((1, 1), 3.0, "float32")])
        save_steps(line, tmp_path, [6])
        file = tmp_path / "step-00000006" / checkpoints.WEIGHTS
        content = bytearray(file.read_bytes())
        if kind == "cut":
            file.write_bytes(content[:100])
        elif kind == "changed":
            content[-1] ^= 1
            file.write_bytes(content)
        elif kind == "missing":
            file.unlink()
        else:
            file.with_name(checkpoints.PROGRESS).write_text('{"st')
        assert checkpoints.restore(line, tmp_path)["step"] == 5
        assert float(line.get_weights()[0][0, 0]) == 1.0
        output = capsys.readouterr().err
        assert output.count("\n") == 1
        assert f"WARNING: the checkpoint {file.parent} is damaged" in output
        assert "continuing from step-00000005" in output
        # Out of the way of the checkpoints to come.
        names = sorted(p.name for p in tmp_path.iterdir())
        assert names == ["damaged-step-00000006", "step-00000005"]

    def test_none_is_left(self, line, tmp_path):
        save_steps(line, tmp_path, [5, 6])
        for path in checkpoints.checkpoint_folders(tmp_path):
            (path / checkpoints.WEIGHTS).write_bytes(b"")
        with pytest.raises(InputError, match="step-00000006 .* is damaged"):
            checkpoints.restore(line, tmp_path)


def test_history_beyond_the_checkpoint_is_dropped(tmp_path):
    file = tmp_path / "history.jsonl"
    checkpoints.trim_history(file, 4)
    assert not file.exists()
    lines = [json.dumps({"step": step, "loss": 0.5}) + "\n" for step in (2, 4, 6)]
    file.write_text("".join(lines) + '{"step": 8, "lo')
    checkpoints.trim_history(file, 4)
    assert file.read_text() == "".join(lines[:2])
    # Nothing to drop: the file stays as it is.
    before = file.stat().st_mtime_ns
    checkpoints.trim_history(file, 4)
    assert file.stat().st_mtime_ns == before
    file.write_text(lines[0][:-1])
    checkpoints.trim_history(file, 4)
    assert file.read_text() == lines[0]
