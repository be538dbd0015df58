"""Mistakes in the arguments and in the inputs of a stroke writer."""

import numpy as np
import pytest
from stroke_writers import POINTS, stroke_writer, writer_inputs, writer_network

from hwgen_keras.errors import InputError
from hwgen_keras.models import StrokeWriter

ARGUMENTS = {
    "temperature": ({"temperature": -1}, "temperature is -1; give a number of 0 or m"),
    "joins": (
        {"join_temperature": "1"},
        "join_temperature is '1'; give a number of 0 ",
    ),
    "guidance": (
        {"guidance": {"style": 2.0}},
        "There is no guidance of 'style'; use one of 'hand', 'condition'",
    ),
    "no dict": ({"guidance": 2.0}, "guidance is 2.0; give a dict, such as {'hand': 1"),
    "steps": ({"steps": 0}, "steps is 0; give a whole number of 1 or more"),
}


@pytest.mark.parametrize("arguments, message", ARGUMENTS.values(), ids=ARGUMENTS)
def test_mistakes_in_arguments_get_one_sentence(arguments, message):
    with pytest.raises(InputError) as error:
        StrokeWriter(writer_network(), **arguments)
    assert str(error.value).startswith(message)


def test_widths_must_fit():
    with pytest.raises(ValueError, match="16 channels cannot make 3 equal heads"):
        writer_network(heads=3)
    with pytest.raises(ValueError, match="The condition is 16 wide; a transformer of"):
        writer_network("embedding", width=8)


def without(name):
    inputs = writer_inputs()
    del inputs[name]
    return inputs


def wrong(name, value):
    return {**writer_inputs(), name: value}


FEATURES = writer_network().features
MISTAKES = {
    "no template": (without("template"), "The input template is missing; give templ"),
    "no noise": (without("noise"), "The input noise is missing; give template"),
    "half a hand": (
        without("hand_radii"),
        "The input hand_radii is missing; a hand is hand_template, hand_points",
    ),
    "points": (
        wrong("template", np.zeros((2, 3, 9, 2), "float32")),
        "template has the shape (2, 3, 9, 2) and the type float32; give float numbers "
        "of the shape (any, any, 8, 2).",
    ),
    "noise": (
        wrong("noise", np.zeros((2, 4, FEATURES), "float32")),
        "noise has the shape (2, 4, ",
    ),
    "mask": (
        wrong("template_mask", np.ones((2, 3), "float32")),
        "template_mask has the shape (2, 3) and the type float32; give bool numbers",
    ),
    "no stroke": (
        wrong("template_mask", np.array([[True] * 3, [False] * 3])),
        "template_mask has no stroke in row 1; give a character at least one.",
    ),
    "nan": (
        wrong("template", np.full((2, 3, POINTS, 2), np.nan, "float32")),
        "template has numbers that are not finite; give finite ones.",
    ),
    "hand": (
        wrong("hand_points", np.zeros((2, 5, POINTS, 2), "float32")),
        "hand_points has the shape (2, 5, 8, 2) and the type float32; give float",
    ),
    "rows": (
        wrong("hand_mask", np.ones((3, 5), bool)),
        "hand_mask has 3 rows and hand_template has 2; give a row of each",
    ),
}


@pytest.fixture(scope="module")
def writer():
    return stroke_writer("embedding", steps=2)


@pytest.mark.parametrize("inputs, message", MISTAKES.values(), ids=MISTAKES)
def test_mistakes_in_inputs_get_one_sentence(inputs, message, writer):
    with pytest.raises(InputError) as error:
        writer(inputs)
    assert str(error.value).startswith(message)
    assert "\n" not in str(error.value)
