"""Mistakes in the arguments of a stroke writer."""

import pytest
from stroke_writers import writer_network

from hwgen_keras.errors import InputError
from hwgen_keras.models import StrokeWriter

ARGUMENTS = {
    "temperature": ({"temperature": -1}, "temperature is -1; give a number of 0 or m"),
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
