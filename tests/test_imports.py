"""Without TensorFlow the rooms of the package still import."""

import json
import subprocess
import sys

import keras
import pytest
from PIL import Image

from hwgen_keras.sources import PenWriter

pytestmark = pytest.mark.skipif(
    keras.backend.backend() == "tensorflow", reason="this backend is TensorFlow"
)

# None in sys.modules makes `import tensorflow` raise ImportError.
WITHOUT_TENSORFLOW = """
import sys
for name in ("tensorflow", "tensorboard", "keras_cv"):
    sys.modules[name] = None
"""

IMPORT_ROOMS = """
import importlib, inspect, json, traceback
rooms = ("characters", "sources", "data", "backend", "layers", "models", "losses",
         "evaluation", "safety", "bundle", "export", "inference")
found = {}
for name in ("hwgen_keras", *(f"hwgen_keras.{room}" for room in rooms)):
    try:
        found[name] = importlib.import_module(name).__file__
    except Exception:
        found[name] = {"error": traceback.format_exc()}
models = importlib.import_module("hwgen_keras.models")
import hwgen_keras as hw
found["first"] = hw.load("jis1-reader", format="keras").read("あ.png")[0][0][0]
found["classes"] = [name for name, _ in inspect.getmembers(models, inspect.isclass)]
print(json.dumps(found))
"""


def run_without_tensorflow(code, folder=None):
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_TENSORFLOW + code],
        cwd=folder,
        capture_output=True,
        text=True,
    )


def test_the_guard_keeps_tensorflow_out():
    result = run_without_tensorflow("import tensorflow")
    assert result.returncode != 0
    assert "import of tensorflow halted" in result.stderr


def test_every_room_imports_and_a_model_reads(tmp_path):
    Image.fromarray(PenWriter(0).draw("あ", 64)).save(tmp_path / "あ.png")
    result = run_without_tensorflow(IMPORT_ROOMS, tmp_path)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout.splitlines()[-1])
    assert found.pop("first") == "あ"
    assert {"CLIP", "Classifier", "StyleTransfer"} <= set(found.pop("classes"))
    for room, file in found.items():
        # A folder without __init__.py imports too, as a namespace that has no file.
        assert str(file).endswith(".py"), (room, file)
