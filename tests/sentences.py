"""The sentence of an error."""

import pytest

from hwgen_keras.errors import InputError


def sentence(function, *arguments, **named):
    """The sentence of the InputError that a call raises."""
    with pytest.raises(InputError) as caught:
        function(*arguments, **named)
    text = str(caught.value)
    assert "\n" not in text and text.endswith(".")
    return text
