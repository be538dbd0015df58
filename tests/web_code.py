"""Calls JavaScript of web/src/photo by node."""

import json
import pathlib
import shutil
import subprocess

import numpy as np
import pytest

SOURCE = pathlib.Path(__file__).parent.parent / "web/src/photo"
_RUNNER = pathlib.Path(__file__).with_name("web_photo.mjs")
_TYPES = {"uint8": "Uint8Array", "float32": "Float32Array", "float64": "Float64Array"}


def picture(image):
    """The arguments of an image: greys, width, height."""
    return [image, image.shape[1], image.shape[0]]


def call(folder, calls, timeout=300):
    """The results of calls of exported functions.

    Args:
        folder: for the files of the calls.
        calls: list of (module, name, arguments). Arguments are what JSON takes, and
            arrays of bytes or floats, which arrive flat; {"lookup": table} arrives as
            a function.
        timeout: seconds.

    Returns:
        list of dicts with `result` or, for an `InputError`, `error`; typed arrays are
        lists.
    """
    if shutil.which("node") is None:
        pytest.skip("The page's JavaScript is tested where node is installed.")
    with open(folder / "arrays.bin", "wb") as file:

        def prepared(value):
            if isinstance(value, np.ndarray):
                start = file.tell()
                file.write(np.ascontiguousarray(value).tobytes())
                file.write(bytes(-file.tell() % 8))
                kind = _TYPES[value.dtype.name]
                return {"start": start, "stop": start + value.nbytes, "type": kind}
            if isinstance(value, list | tuple):
                return [prepared(one) for one in value]
            if isinstance(value, dict):
                return {key: prepared(one) for key, one in value.items()}
            return value

        listed = [
            {"module": module, "name": name, "arguments": prepared(arguments)}
            for module, name, arguments in calls
        ]
    (folder / "calls.json").write_text(json.dumps(listed), "utf-8")
    subprocess.run(["node", _RUNNER, folder], check=True, timeout=timeout)
    return json.loads((folder / "results.json").read_text("utf-8"))
