"""Without TensorFlow the rooms of the package still import."""

import json
import subprocess
import sys

import keras
import pytest

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
found["classes"] = [name for name, _ in inspect.getmembers(models, inspect.isclass)]
print(json.dumps(found))
"""


def run_without_tensorflow(code):
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_TENSORFLOW + code],
        capture_output=True,
        text=True,
    )


def test_the_guard_keeps_tensorflow_out():
    result = run_without_tensorflow("import tensorflow")
    assert result.returncode != 0
    assert "import of tensorflow halted" in result.stderr


def test_every_room_imports():
    result = run_without_tensorflow(IMPORT_ROOMS)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout.splitlines()[-1])
    assert {"CLIP", "Classifier", "StyleTransfer"} <= set(found.pop("classes"))
    for room, file in found.items():
        # A folder without __init__.py imports too, as a namespace that has no file.
        assert str(file).endswith(".py"), (room, file)
