"""torchvision, for the tests that compare with it."""

import importlib
import importlib.util
import sys

import pytest

# What a build for CUDA asks for at once, of its compiled operators.
_OPERATORS = ("nms", "qnms")
_SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
_declared = []


def import_torchvision():
    """The package; skips the test where it is not installed.

    A build for CUDA cannot load its operators beside a torch without CUDA, and then
    stops. No test uses one, so they are declared without code. Such a torch also has
    triton, which crashes Python if TensorFlow was imported before it (2.21 and 3.7).
    """
    if "tensorflow" in sys.modules and importlib.util.find_spec("triton") is not None:
        pytest.skip("torchvision brings triton, which crashes beside TensorFlow")
    torch = pytest.importorskip("torch")
    try:
        return pytest.importorskip("torchvision")
    except RuntimeError as error:
        if "operator torchvision::" not in str(error):
            raise
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    library = torch.library.Library("torchvision", "FRAGMENT")
    for name in _OPERATORS:
        library.define(name + _SIGNATURE)
    _declared.append(library)  # They last as long as it does.
    return importlib.import_module("torchvision")
