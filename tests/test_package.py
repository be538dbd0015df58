"""The wheel and the source distribution: what is in them, and the command `hwgen`."""

import email
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import zipfile

import pytest

import hwgen_keras

pytestmark = pytest.mark.backend_free

ROOT = pathlib.Path(__file__).parent.parent
# What a checkout gathers beside its files.
GATHERED = (
    *(".git", ".venv", "runs", "saved_models", "build", "dist", "*.egg-info"),
    *(".*_cache", ".hypothesis", "__pycache__"),
)


def build(kind, folder, output):
    """Runs a hook of the build backend as `python -m build` does, but offline."""
    code = f"import sys; from setuptools import build_meta as b; b.{kind}(sys.argv[1])"
    result = subprocess.run(
        [sys.executable, "-c", code, str(output)],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """(source distribution, wheel made of it), paths; built beside trained weights."""
    folder = tmp_path_factory.mktemp("package")
    checkout = folder / "checkout"
    shutil.copytree(ROOT, checkout, ignore=shutil.ignore_patterns(*GATHERED))
    for weights in ("runs/a/generator.keras", "saved_models/a/a.keras"):
        (checkout / weights).parent.mkdir(parents=True)
        (checkout / weights).write_bytes(b"weights")
    build("build_sdist", checkout, folder)
    (source,) = folder.glob("*.tar.gz")
    with tarfile.open(source) as file:
        file.extractall(folder / "unpacked", filter="data")
    (unpacked,) = (folder / "unpacked").iterdir()
    build("build_wheel", unpacked, folder)
    (wheel,) = folder.glob("*.whl")
    return source, wheel


def test_the_wheel_holds_the_package_and_nothing_else(built):
    with zipfile.ZipFile(built[1]) as file:
        names = set(file.namelist())
    code = ("**/*.py", "**/*.pyi", "**/*.html")
    data = ("characters/data/*", "models/data/*")
    expected = {
        f"hwgen_keras/{path.relative_to(ROOT / folder).as_posix()}"
        for folder, patterns in (
            ("hwgen_keras", (*code, "py.typed", *data)),
            (".", [f"experiments/{pattern}" for pattern in code]),
        )
        for pattern in patterns
        for path in (ROOT / folder).glob(pattern)
    }
    information = f"hwgen_keras-{hwgen_keras.__version__}.dist-info"
    assert {n for n in names if not n.startswith(information)} == expected
    licences = (
        *("LICENSE", "NOTICE", "hwgen_keras/characters/data/LICENSE.structure"),
        "hwgen_keras/models/data/LICENSE.lpips",
    )
    assert {f"{information}/licenses/{name}" for name in licences} < names


def test_the_metadata(built):
    with zipfile.ZipFile(built[1]) as file:
        information = f"hwgen_keras-{hwgen_keras.__version__}.dist-info"
        metadata = email.message_from_bytes(file.read(f"{information}/METADATA"))
        commands = file.read(f"{information}/entry_points.txt").decode()
        top = file.read(f"{information}/top_level.txt").decode()
    assert metadata["Version"] == hwgen_keras.__version__
    licence = "Apache-2.0 AND CC-BY-SA-3.0 AND BSD-2-Clause"
    assert metadata["License-Expression"] == licence
    assert {"cuda", "demo", "dev", "jax", "parquet", "torch"} <= set(
        metadata.get_all("Provides-Extra")
    )
    assert "hwgen = hwgen_keras.experiments.__main__:main" in commands
    assert top.split() == ["hwgen_keras"]


def test_the_source_distribution_holds_all_that_tests_need_and_no_weights(built):
    with tarfile.open(built[0]) as file:
        names = {name.partition("/")[2] for name in file.getnames()}
    tests = {f"tests/{path.name}" for path in (ROOT / "tests").glob("*.py")}
    assert tests <= names
    assert {
        *("Makefile", "constraints.txt", "LICENSE", "NOTICE", "CHANGELOG.md"),
        *(
            "experiments/demo.py",
            "benchmarks/timing.py",
            ".ci/run",
            "docs/how-to/fonts.md",
        ),
        "tests/golden_models/generator.keras",
    } <= names
    assert not [n for n in names if n.startswith(("runs", "saved_models", ".venv"))]


LOADED = """
import sys
sys.argv[:] = ["/usr/bin/hwgen"{arguments}]
from hwgen_keras.experiments.__main__ import main
status = main()
loaded = {{"keras", "tensorflow", "jax", "torch", "numpy", "absl"}} & set(sys.modules)
assert not loaded, loaded
sys.exit(status)
"""


def run_wheel(built, tmp_path, code):
    """Runs code where the package is the unpacked wheel and no checkout is near."""
    with zipfile.ZipFile(built[1]) as file:
        file.extractall(tmp_path / "site")
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
    )
    return result.returncode, result.stdout, result.stderr


@pytest.mark.parametrize("arguments", ["", ', "--help"'])
def test_the_installed_command_lists_the_scripts_without_keras(
    built, tmp_path, arguments
):
    code = LOADED.format(arguments=arguments)
    status, printed, errors = run_wheel(built, tmp_path, code)
    assert (status, errors) == (0, "")
    assert printed.startswith("Usage: hwgen NAME --flag=value ...")
    assert "Step 2: trains the generator against the discriminator" in printed


def test_the_installed_command_runs_a_script(built, tmp_path):
    code = LOADED.partition("status")[0].format(
        arguments=', "inspect-data", "--helpshort"'
    )
    status, printed, errors = run_wheel(built, tmp_path, code + "main()")
    assert status == 1 and errors == ""  # as absl ends its help
    assert "hwgen inspect_data --data=MANIFEST_OR_STORE" in printed
    assert "--output" in printed
