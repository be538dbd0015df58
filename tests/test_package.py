"""The wheel and the source distribution: what is in them, and the command `hwgen`."""

import email
import importlib.util
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
    *(".git", ".venv", "runs", "build", "dist", "site", "*.egg-info", ".partial-*"),
    *(".*_cache", ".hypothesis", "__pycache__", "node_modules"),
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
    for made in ("web/node_modules/a/package.json", "build/web/index.html"):
        (checkout / made).parent.mkdir(parents=True)
        (checkout / made).write_text("{}")
    build("build_sdist", checkout, folder)
    (source,) = folder.glob("*.tar.gz")
    with tarfile.open(source) as file:
        file.extractall(folder / "unpacked", filter="data")
    (unpacked,) = (folder / "unpacked").iterdir()
    build("build_wheel", unpacked, folder)
    (wheel,) = folder.glob("*.whl")
    return source, wheel


def test_the_wheel_holds_the_package_and_its_models_and_nothing_else(built):
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
    # A folder without a description is no model.
    models = (path.parent for path in ROOT.glob("saved_models/[!.]*/model.json"))
    expected |= {
        f"hwgen_keras/{file.relative_to(ROOT).as_posix()}"
        for folder in models
        for file in folder.rglob("*")
        if file.is_file()
    }
    information = f"hwgen_keras-{hwgen_keras.__version__}.dist-info"
    assert {n for n in names if not n.startswith(information)} == expected
    assert built[1].stat().st_size < 40e6
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


def test_the_source_distribution_holds_all_that_tests_need_and_no_runs(built):
    with tarfile.open(built[0]) as file:
        names = {name.partition("/")[2] for name in file.getnames()}
    tests = {f"tests/{path.name}" for path in (ROOT / "tests").glob("*.py")}
    assert tests <= names
    assert {
        *("Makefile", "constraints.txt", "LICENSE", "NOTICE", "CHANGELOG.md"),
        *("experiments/demo.py", "benchmarks/timing.py"),
        *(".ci/run", "docs/build.py", "docs/how-to/fonts.md"),
        "tests/golden_models/generator.keras",
        *("web/build.py", "web/package-lock.json", "web/src/worker-cache.js"),
    } <= names
    others = ("runs", ".venv", "web/node_modules", "build")
    assert not [n for n in names if n.startswith(others)]


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


# Keras and its backends cannot be imported: onnxruntime writes and reads.
MODELS = """
import sys
for name in ("keras", "tensorflow", "jax", "torch"):
    sys.modules[name] = None
import hwgen_keras as hw
for name, line in hw.list_models().items():
    print(name, line)
writer, reader = hw.load("jis1-writer"), hw.load("jis1-reader")
print(writer)
images = writer.write("永い", seed=3)
print(images.shape, len(reader.read(images)[0]))
"""


@pytest.mark.skipif(
    not (ROOT / "saved_models/jis1-writer/model.onnx").is_file()
    or importlib.util.find_spec("onnxruntime") is None,
    reason="needs the models of a checkout, and onnxruntime",
)
def test_the_wheel_brings_models_that_write_and_read(built, tmp_path):
    status, printed, errors = run_wheel(built, tmp_path, MODELS)
    assert status == 0, errors
    clip, generator, reader, writer, loaded, shape = printed.splitlines()
    assert reader.startswith("jis1-reader reads images of 3,219 characters; 64 pixels")
    assert writer.startswith("jis1-writer writes 3,219 characters stroke by stroke")
    assert clip.startswith("jis1-clip ") and generator.startswith("jis1-generator ")
    folder = tmp_path / "site/hwgen_keras/saved_models"
    assert f"<LoadedWriter {folder}" in loaded
    assert shape == "(2, 64, 64) 2"
