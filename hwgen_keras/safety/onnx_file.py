"""Checks an ONNX file without the package onnx.

Such a file can refer to other files for its weights, and to operations of other
libraries. Both are refused: an exported model is one file and uses only the standard
operations.

Reference: github.com/onnx/onnx, onnx.proto, for the numbers of the fields; Protocol
Buffers, Encoding, for how they are written.
"""

import pathlib

from hwgen_keras.errors import InputError

DOMAINS = ("", "ai.onnx", "ai.onnx.ml")
# {message: {number of a field: message in it}}; text fields are None.
_FIELDS: dict[str, dict[int, str | None]] = {
    "model": {7: "graph", 8: "operator_set", 20: "training", 25: "function"},
    "operator_set": {1: None},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 9: "operator_set", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse_tensor"},
    "node": {5: "attribute", 7: None},
    "attribute": {
        **{5: "tensor", 6: "graph", 10: "tensor", 11: "graph"},
        **{22: "sparse_tensor", 23: "sparse_tensor"},
    },
    "sparse_tensor": {1: "tensor", 2: "tensor"},
    "tensor": {13: "external", 14: "location"},
}
# Wire types of fields, and the bytes of those of a fixed size.
_VARINT, _LENGTH, _FIXED = 0, 2, {1: 8, 5: 4}
_DEEPEST = 64


class _Damaged(Exception):
    pass


def check_onnx_file(path):
    """The content of an ONNX file; InputError if it is damaged or unsafe."""
    try:
        content = pathlib.Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from None
    try:
        fields = _walk(memoryview(content), "model", path, 0)
    except _Damaged:
        fields = set()
    # A graph, and the version of the operations in it.
    if not {7, 8} <= fields:
        raise InputError(
            f"{path} is not a complete ONNX file; it is damaged, truncated or foreign."
        )
    return content


def _walk(data, message, path, depth):
    """Checks a message and those in it; returns the set of its fields' numbers."""
    if depth > _DEEPEST:
        raise _Damaged
    numbers, position = set(), 0
    while position < len(data):
        key, position = _varint(data, position)
        number, wire = key >> 3, key & 7
        numbers.add(number)
        inner = _FIELDS[message].get(number, "other")
        value, part = 0, b""
        if wire == _VARINT:
            value, position = _varint(data, position)
        elif wire == _LENGTH:
            length, position = _varint(data, position)
            part = data[position : position + length]
            position += length
        elif wire in _FIXED:
            position += _FIXED[wire]
        else:
            raise _Damaged
        if position > len(data):
            raise _Damaged
        if inner == "external" and wire == _LENGTH or inner == "location" and value:
            raise InputError(
                f"{path} refers to other files for its weights; do not use this file."
            )
        if inner is None:
            _check_domain(bytes(part), path)
        elif inner in _FIELDS and wire == _LENGTH:
            _walk(part, inner, path, depth + 1)
    return numbers


def _varint(data, position):
    value = 0
    for i, byte in enumerate(data[position : position + 10]):
        value |= (byte & 0x7F) << 7 * i
        if byte < 0x80:
            return value, position + i + 1
    raise _Damaged


def _check_domain(text, path):
    domain = text.decode("utf-8", "replace")
    if domain not in DOMAINS:
        raise InputError(
            f"{path} needs operations of {domain!r}, which ONNX does not define; "
            "give a model written by `python -m experiments.export`."
        )
