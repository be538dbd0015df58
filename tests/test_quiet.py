"""Scripts print what they do, and no notices of the frameworks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from networks import BACKEND

from experiments.flags import quiet

ROOT = Path(__file__).resolve().parent.parent


def run(*command):
    """What a process prints that has the environment of a user."""
    tests = ("TF_CPP_MIN_LOG_LEVEL", "TF_ENABLE_ONEDNN_OPTS")
    environment = {k: v for k, v in os.environ.items() if k not in tests}
    # A script elsewhere imports `experiments`, which no installation holds.
    environment["PYTHONPATH"] = str(ROOT)
    return subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, env=environment
    )


def shown(done):
    """The lines of its stderr, each state of a bar for itself."""
    return [line for line in done.stderr.splitlines() if line]


# torch has no notices of its own, and imports TensorFlow as the others do.
@pytest.mark.skipif(BACKEND == "torch", reason="two backends are enough")
def test_a_training_shows_its_bar_alone(tmp_path):
    script = ("-m", "experiments.train_text_encoder", "--characters=kana")
    done = run(*script, "--size=tiny", "--steps=2", f"--run_dir={tmp_path / 'run'}")
    assert done.returncode == 0, done.stderr
    lines = shown(done)
    assert lines and all(line.startswith("train_text_encoder: ") for line in lines)
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["Run", "Training"]


@pytest.mark.backend_free
def test_processes_that_a_script_starts_are_quiet_too(tmp_path):
    # A training above imports TensorFlow itself, which says this on some machines.
    (tmp_path / "tensorflow.py").write_text(
        "import os\n"
        "os.write(2, b'I0000 oneDNN custom operations are on.\\n')\n"
        "os.write(2, os.environ['TF_CPP_MIN_LOG_LEVEL'].encode() + b' is a level\\n')\n"
    )
    script = tmp_path / "script.py"
    script.write_text(
        "import importlib, experiments.flags\n"
        "from hwgen_keras import parallel\n"
        "def load(name):\n"
        "    return importlib.import_module(name).__name__\n"
        "if __name__ == '__main__':\n"
        "    jobs = [('tensorflow',), ('json',)]\n"
        "    found = parallel.each(load, jobs, 'module', 'import', workers=2)\n"
        "    print(sorted(name for _, name in found))\n",
        encoding="utf-8",
    )
    done = run(script)
    assert done.stdout == "['json', 'tensorflow']\n", done.stderr
    assert "3 is a level" in done.stderr
    told = [line for line in shown(done) if not line.startswith("import: ")]
    assert told in ([], ["3 is a level"])  # In the line of the bar, or beside it.
    assert "I0000" not in done.stderr


@pytest.mark.backend_free
def test_what_is_no_notice_is_printed(capfd):
    with quiet.without_notices():
        os.write(2, b"I0000 port.cc:153] oneDNN custom operations are on. You may\n")
        os.write(2, b"E0000 port.cc:154] There is no memory.\nno end of line")
    os.write(2, b", after it\n")
    assert capfd.readouterr().err == (
        "E0000 port.cc:154] There is no memory.\nno end of line, after it\n"
    )


@pytest.mark.backend_free
def test_what_is_printed_before_a_crash_is_not_lost():
    done = run(
        "-c",
        "import os\nfrom experiments.flags import quiet\n"
        "with quiet.without_notices():\n"
        "    os.write(2, b'F0000 This processor has no AVX.\\n')\n    os.abort()\n",
    )
    assert done.returncode and done.stderr == "F0000 This processor has no AVX.\n"
