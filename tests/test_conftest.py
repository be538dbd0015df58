"""The option `--backend`: what `all` runs, counts and prints."""

import pathlib
import shutil
import subprocess
import sys

import pytest

pytestmark = pytest.mark.backend_free

CONFTEST = pathlib.Path(__file__).with_name("conftest.py")
CONFIGURATION = "[pytest]\nmarkers =\n    backend_free: runs once\n"


@pytest.fixture
def run_all(tmp_path, monkeypatch):
    """A function that runs pytest on the text of a test file, on all backends."""
    monkeypatch.delenv("HWGEN_TEST_COUNTS", raising=False)
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)
    # Plugins take half of the time that these small runs need.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")

    def run(source, *arguments):
        (tmp_path / "pytest.ini").write_text(CONFIGURATION)
        for name in ("conftest.py", "web_page.py", "browsers.py"):
            shutil.copy(CONFTEST.with_name(name), tmp_path)
        (tmp_path / "test_it.py").write_text("import os\nimport pytest\n" + source)
        command = [sys.executable, "-m", "pytest", "--backend", "all", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    return run


def last_line(result):
    return result.stdout.splitlines()[-1]


def test_all_sums_its_runs_and_runs_backend_free_tests_once(run_all):
    result = run_all(
        """
def test_passes():
    pass

def test_fails_on_jax():
    assert os.environ["KERAS_BACKEND"] != "jax"

@pytest.mark.skip
def test_skips():
    pass

@pytest.fixture
def broken():
    assert os.environ["KERAS_BACKEND"] != "torch"

def test_errors_on_torch(broken):
    pass

@pytest.mark.backend_free
def test_runs_once():
    pass
"""
    )
    assert last_line(result) == "8 passed, 2 failed, 3 skipped"
    assert result.returncode == 1


def test_all_passes_on_arguments_and_allows_a_backend_to_have_no_test(run_all):
    source = (
        "@pytest.mark.backend_free\ndef test_a():\n    pass\ndef test_b():\n  1 / 0"
    )
    result = run_all(source, "-k", "test_a")
    assert last_line(result) == "1 passed, 0 failed, 0 skipped"
    assert result.returncode == 0


def test_what_goes_wrong_is_a_failure_that_says_so(run_all, tmp_path, monkeypatch):
    # Runs at the start of every child, before the option is looked at.
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util\n"
        "find_spec = importlib.util.find_spec\n"
        "importlib.util.find_spec = (\n"
        "    lambda name, *rest: None if name == 'torch' else find_spec(name, *rest)\n"
        ")\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    # Cannot be imported on TensorFlow, and crashes on JAX.
    result = run_all(
        "BACKEND = os.environ['KERAS_BACKEND']\n"
        "if BACKEND == 'tensorflow':\n    import no_such_module\n"
        "def test_a():\n    os._exit(3)\n"
    )
    assert "No module named 'no_such_module'" in result.stdout
    assert "The tests on jax ended with exit code 3." in result.stdout
    assert "The backend torch is not installed" in result.stdout
    # Its own tests, and those without a backend, which run beside it.
    assert last_line(result) == "0 passed, 4 failed, 0 skipped"
    assert result.returncode == 1


def test_shares_have_each_test_once_and_no_file_without_any(run_all, tmp_path):
    free = "import pytest\npytestmark = pytest.mark.backend_free\n"
    (tmp_path / "test_none.py").write_text(f"{free}def test_d():\n    pass\n")
    # Imported on a backend that it is not for, a file would fail.
    for name in ("jax", "torch"):
        (tmp_path / f"test_{name}.py").write_text(
            "import os\nimport pytest\nBACKEND = os.environ['KERAS_BACKEND']\n"
            f'assert BACKEND == "{name}"\n'
            f'pytestmark = pytest.mark.skipif(BACKEND != "{name}", reason="")\n'
            "def test_b():\n    pass\n"
        )
    (tmp_path / "test_not_jax.py").write_text(
        "import os\nimport pytest\nBACKEND = os.environ['KERAS_BACKEND']\n"
        'assert BACKEND != "jax"\n'
        "pytestmark = pytest.mark.skipif(\n"
        '    BACKEND == "jax", reason=""\n)\ndef test_c():\n    pass\n'
    )
    result = run_all("def test_a():\n    pass\ndef test_b():\n    pass\n")
    # Two on each backend, one each of two files, one on two backends, one without.
    assert last_line(result) == "11 passed, 0 failed, 0 skipped", result.stdout
    # A file that is named in the command is in one share, too.
    for share, outcome in (("1/2", "1 passed"), ("2/2", "1 deselected")):
        one = ("--backend=jax", "--backend-free=without", f"--share={share}")
        named = run_all("def test_a():\n    pass\n", *one, "test_it.py")
        assert outcome in last_line(named), named.stdout
