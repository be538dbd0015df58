"""Without TensorFlow the models, layers and losses still import and train."""

import subprocess
import sys
import textwrap

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


def run_without_tensorflow(code):
    return subprocess.run(
        [sys.executable, "-c", WITHOUT_TENSORFLOW + textwrap.dedent(code)],
        capture_output=True,
        text=True,
    )


def test_the_guard_keeps_tensorflow_out():
    result = run_without_tensorflow("import tensorflow")
    assert result.returncode != 0
    assert "import of tensorflow halted" in result.stderr


@pytest.mark.parametrize(
    "module",
    [
        "hwgen_keras",
        "hwgen_keras.characters",
        "hwgen_keras.sources",
        "hwgen_keras.data",
        "hwgen_keras.backend",
        "hwgen_keras.layers",
        "hwgen_keras.models",
        "hwgen_keras.losses",
        "hwgen_keras.evaluation",
    ],
)
def test_imports(module):
    result = run_without_tensorflow(f"import {module}; print({module}.__file__)")
    assert result.returncode == 0, result.stderr
    # A folder without __init__.py imports too, as a namespace that has no file.
    assert result.stdout.strip().endswith(".py")


def test_the_models_export_classes():
    result = run_without_tensorflow(
        """
        import hwgen_keras.models as models
        names = [name for name in dir(models) if not name.startswith("_")]
        assert any(isinstance(getattr(models, name), type) for name in names), names
        """
    )
    assert result.returncode == 0, result.stderr
