"""What an ONNX file holds beside numbers, read without the package onnx.

Such a file can name other files as the place of its weights, and operations that only
somebody's own library has. Both are refused: an exported model is one file and uses
the standard operations alone.

Reference: github.com/onnx/onnx, onnx.proto, for the numbers of the fields; Protocol
Buffers, Encoding, for how they are written.
"""

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
_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5
_DEEPEST = 64


class _Damaged(Exception):
    pass


def check_onnx_file(path):
    """Raises InputError unless an ONNX file is whole and refers to nothing outside.

    Args:
        path: the file.

    Returns:
        The file's content, bytes.
    """
    try:
        with open(path, "rb") as file:
            content = file.read()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from None
    try:
        found = _walk(memoryview(content), "model", path, 0)
    except _Damaged:
        found = ()
    # A graph, and the version of the operations in it.
    if not {7, 8} <= {*found}:
        raise InputError(
            f"{path} is not a complete ONNX file; it is damaged, cut short or foreign."
        )
    return content


def _walk(data, message, path, depth):
    """Checks a message and those in it; returns the numbers of its fields."""
    if depth > _DEEPEST:
        raise _Damaged
    fields, found, position = _FIELDS[message], [], 0
    while position < len(data):
        key, position = _varint(data, position)
        number, wire = key >> 3, key & 7
        found.append(number)
        inner = fields.get(number, "other")
        if wire == _VARINT:
            value, position = _varint(data, position)
            if inner == "location" and value:
                _refuse_external(path)
        elif wire == _LENGTH:
            length, position = _varint(data, position)
            part = data[position : position + length]
            if len(part) != length:
                raise _Damaged
            position += length
            if inner == "external":
                _refuse_external(path)
            elif inner is None:
                _check_domain(bytes(part), path)
            elif inner in _FIELDS:
                _walk(part, inner, path, depth + 1)
        elif wire in (_EIGHT_BYTES, _FOUR_BYTES):
            position += 8 if wire == _EIGHT_BYTES else 4
            if position > len(data):
                raise _Damaged
        else:
            raise _Damaged
    return found


def _varint(data, position):
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(data):
            raise _Damaged
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise _Damaged


def _check_domain(text, path):
    domain = text.decode("utf-8", "replace")
    if domain not in DOMAINS:
        raise InputError(
            f"{path} needs operations of {domain!r}, which are not of ONNX itself; "
            "give a model made by `python -m experiments.export`."
        )


def _refuse_external(path):
    raise InputError(
        f"{path} refers to other files for its weights; do not use this file."
    )
