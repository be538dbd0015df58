"""The programme for a GPU, rehearsed without TensorFlow: same stages, same files."""

import gzip
import importlib
import json
import os
import pathlib
import subprocess
import sys
import types

import absl.flags
import pytest
from networks import BACKEND
from PIL import Image

if BACKEND != "torch":
    pytest.skip("the rehearsal runs on torch", allow_module_level=True)

import gpu
import gpu_data
import gpu_steps
import gpu_training
import profile_summary

from experiments import flags
from hwgen_keras.characters import CharacterSet
from hwgen_keras.errors import InputError
from hwgen_keras.files import write_json

ROOT = pathlib.Path(__file__).parent.parent
# What the machine of docs/how-to/gpu.md lacks. None makes their import fail.
MISSING = ("tensorflow", "keras_cv", "onnx", "onnxruntime", "zopfli")
MISSING += ("wcwidth", "pyclipper", "huggingface_hub", "pyarrow")


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory):
    """The output of a rehearsal in which TensorFlow and others cannot be imported."""
    folder = tmp_path_factory.mktemp("gpu")
    blocked = f"import sys\nsys.modules.update(dict.fromkeys({MISSING}))\n"
    (folder / "sitecustomize.py").write_text(blocked, encoding="utf-8")
    output = folder / "output"
    command = [sys.executable, ROOT / "tests/gpu_rehearsal.py", "--backend=torch"]
    done = subprocess.run(
        [*command, "--rehearse", f"--output={output}"],
        env={**os.environ, "PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"},
        **{"capture_output": True, "text": True, "cwd": folder},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return output


def stages(output):
    return json.loads((output / "results.json").read_text("utf-8"))["stages"]


def test_every_stage_is_complete_and_no_row_failed(rehearsed):
    found = stages(rehearsed)
    assert list(found) == list(gpu.STAGES)
    text = (rehearsed / "results.md").read_text("utf-8")
    for name, stage in found.items():
        assert stage["status"] == "complete" and stage["rows"]
        assert [row for row in stage["rows"] if "failed" in row] == []
        assert f"## {name}: complete" in text
        # What is measured is shown.
        shown = gpu.STAGES[name].columns
        assert all({*shown} & {*row} for row in stage["rows"])


def test_the_output_is_eight_files(rehearsed):
    networks = [f"{name}.keras" for name in gpu_training.TRAININGS]
    sheets = [f"{name}.png" for name in gpu_training.TRAININGS]
    files = sorted(path.name for path in rehearsed.iterdir())
    assert files == sorted([*networks, *sheets, "results.json", "results.md"])
    for name in sheets:
        with Image.open(rehearsed / name) as sheet:
            low, high = sheet.convert("L").getextrema()
            assert high - low > 100


def test_the_step_is_beside_the_original(rehearsed):
    original, *ours = stages(rehearsed)["adain_step"]["rows"]
    assert original["model"] == "original"
    assert [row["policy"] for row in ours] == ["float32", "mixed_bfloat16"]
    for row in ours:
        assert row["ratio"] == pytest.approx(row["ms"] / original["ms"])
        assert row["GFLOP"] < original["GFLOP"]
        assert row["TFLOP/s"] == pytest.approx(row["GFLOP"] / row["ms"])
        # No data sheet tells a peak of this device.
        assert "MFU" not in row and row["of product"] > 0


def test_the_profile_and_the_trainings_tell_what_they_did(rehearsed):
    found = stages(rehearsed)
    (profile,) = found["profile"]["rows"]
    assert sum(profile["kinds"].values()) == pytest.approx(1)
    assert profile["device"] == "cpu" and profile["kinds"]["convolution"] > 0
    for name in gpu_training.TRAININGS:
        told, measured = found[name]["rows"]
        assert told["steps"] == told["of steps"] == len(told["history"]) * 2 == 2
        assert 0 <= measured["read"] <= 1
        assert 0 < measured["MB"] < gpu_training.MOST_MEGABYTES


@pytest.mark.parametrize("name", gpu_training.TRAININGS)
def test_the_flags_of_a_real_training_can_be_given(name, tmp_path):
    options = types.SimpleNamespace(rehearse=False, work=tmp_path, data=tmp_path)
    kind = gpu_training.TRAININGS[name]
    script = importlib.import_module(f"experiments.{kind.script}")
    known = absl.flags.FlagValues()
    flags.define(script.Settings, known)
    assert known([name, *gpu_training.flags_of(kind, options)]) == [name]
    settings = script.Settings(**flags.given(script.Settings, known))
    assert (settings.size, settings.dtype_policy) == ("small", "mixed_bfloat16")


def mfu(device, policy):
    row = {"GFLOP": 990.0, "ms": 2.0, "policy": policy, "device": device}
    return gpu_steps.utilisation(row)


def test_mfu_is_a_share_of_the_data_sheet():
    half = mfu("NVIDIA H200", "mixed_bfloat16")
    assert half == {"TFLOP/s": 495.0, "peak": 990.0, "MFU": 0.5}
    assert mfu("NVIDIA H200", "float32")["MFU"] == 1.0
    assert mfu("CPU", "float32") == {"TFLOP/s": 495.0}


class Programme:
    """A run of gpu.py with stages of our own."""

    def __init__(self, tmp_path, monkeypatch, code):
        self.options = types.SimpleNamespace(
            **{"backend": "torch", "rehearse": True, "minutes": 1.0},
            **{"output": tmp_path / "out", "work": tmp_path, "data": tmp_path},
        )
        self.options.output.mkdir()
        script = tmp_path / "stage.py"
        script.write_text(code, encoding="utf-8")
        monkeypatch.setattr(gpu, "__file__", str(script))
        self.report = gpu.Report(self.options)

    def run(self, seconds):
        return gpu.run(self.options, "begin", seconds, self.report)

    def stage(self):
        return stages(self.options.output)["begin"]


ROW = 'import sys, time\nprint(\'{"device": "a"}\', flush=True)\n'


def test_a_stage_that_is_late_is_ended_and_keeps_its_rows(tmp_path, monkeypatch):
    child = "import subprocess\nsubprocess.run(['sleep', '1000'])\n"
    programme = Programme(tmp_path, monkeypatch, ROW + child)
    assert not programme.run(3)
    assert programme.stage()["status"] == "stopped after its 3 s"
    assert programme.stage()["rows"] == [{"device": "a"}]


def test_a_stage_that_fails_says_why_and_keeps_its_rows(tmp_path, monkeypatch):
    programme = Programme(tmp_path, monkeypatch, ROW + "sys.exit('no memory')\n")
    assert not programme.run(60)
    assert programme.stage()["status"] == "failed: no memory"
    assert programme.stage()["rows"] == [{"device": "a"}]
    assert "failed: no memory" in (tmp_path / "out/results.md").read_text("utf-8")


class TestMistakes:
    @pytest.mark.parametrize(
        ("flags", "message"),
        [
            ([], "--output is needed"),
            (["--output=new"], "--data is needed"),
            (["--output=new", "--data=."], "has no glyphs.store"),
            (["--output=new", "--rehearse", "--data=."], "leave --data out"),
            (["--output=full", "--rehearse"], "holds files"),
            (["--output=new", "--minutes=0", "--rehearse"], "give more than 0"),
            (["--output=new", "--stages=begn"], "no 'begn'"),
        ],
    )
    def test_flags(self, tmp_path, monkeypatch, capsys, flags, message):
        monkeypatch.chdir(tmp_path)
        (tmp_path / "full").mkdir()
        (tmp_path / "full" / "a.txt").touch()
        monkeypatch.setattr(sys, "argv", ["gpu.py", *flags])
        with pytest.raises(SystemExit):
            gpu.flags()
        assert message in capsys.readouterr().err

    def test_data_that_are_too_large(self, tmp_path, tiny_font, monkeypatch):
        monkeypatch.setattr(gpu_data, "MOST_MEGABYTES", 0.001)
        with pytest.raises(InputError, match="more than 0.001"):
            gpu_data.pack(
                tmp_path / "data", [str(tiny_font)], CharacterSet("one", "あ"), 1, 1, 1
            )
        assert list(tmp_path.iterdir()) == []

    def test_a_training_without_a_checkpoint(self, tmp_path):
        with pytest.raises(RuntimeError, match="give it more time"):
            gpu_training.steps_done(tmp_path)

    def test_a_folder_without_a_profile(self, tmp_path):
        with pytest.raises(ValueError, match="no profile"):
            profile_summary.summarise(tmp_path, 1)
        write_json(tmp_path / "host.pt.trace.json", {"traceEvents": []})
        with pytest.raises(ValueError, match="no kernel"):
            profile_summary.summarise(tmp_path, 1)


def event(name, start, duration, thread=1, **more):
    place = {"ph": "X", "pid": 1, "tid": thread, "ts": start, "dur": duration}
    return {**place, "name": name, **more}


def test_nested_parts_count_with_their_own_time(tmp_path):
    events = [
        event("aten::conv2d", 0, 100, cat="cpu_op"),
        event("aten::convolution", 10, 60, cat="cpu_op"),
        event("aten::add", 150, 50, cat="cpu_op"),
        event("python", 0, 999, cat="user_annotation"),
    ]
    write_json(tmp_path / "host.pt.trace.json", {"traceEvents": events})
    found = profile_summary.summarise(tmp_path, 2)
    assert (found["device"], found["ms"], found["busy"]) == ("cpu", 0.1, 0.75)
    assert found["kinds"] == pytest.approx({"convolution": 2 / 3, "elementwise": 1 / 3})
    assert found["largest"][0] == {
        **{"name": "aten::convolution", "ms": 0.03, "calls": 0.5}
    }


def test_kernels_of_jax_count_once(tmp_path):
    def named(kind, name, thread=1):
        args = {"name": name}
        return {"ph": "M", "pid": 1, "tid": thread, "name": kind, "args": args}

    events = [
        named("process_name", "/device:GPU:0"),
        named("thread_name", "Stream #7"),
        named("thread_name", "XLA Ops", thread=2),
        event("sm90_xmma_fprop_implicit_gemm_bf16", 0, 40),
        event("loop_add_fusion", 50, 10),
        event("MemcpyD2D", 60, 40),
        event("convolution.3", 0, 60, thread=2),
        {},
    ]
    with gzip.open(tmp_path / "perfetto_trace.json.gz", "wt") as file:
        json.dump({"traceEvents": events}, file)
    found = profile_summary.summarise(tmp_path, 1)
    assert (found["device"], found["ms"], found["busy"]) == ("gpu", 0.1, 0.9)
    assert found["kinds"] == pytest.approx(
        {"convolution": 4 / 9, "copy": 4 / 9, "elementwise": 1 / 9}
    )


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("nvjet_hsh_128x256_64x4", "matrix product"),
        ("void cutlass__5x_cudnn::Kernel<dgrad>", "convolution"),
        ("void at::native::vectorized_elementwise_kernel", "elementwise"),
        ("void at::native::reduce_kernel<512>", "reduction"),
        ("aten::bmm", "matrix product"),
        ("nchwToNhwcKernel", "copy"),
        ("aten::_to_copy", "copy"),
        ("convert_fusion", "copy"),
        ("unknown", "other"),
    ],
)
def test_kinds_of_kernels(name, kind):
    assert profile_summary.kind_of(name) == kind
