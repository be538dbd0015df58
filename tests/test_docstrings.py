"""What a docstring of a public name tells: every parameter, errors, an example."""

import ast
import dataclasses
import inspect
import re
import textwrap

import public_api
import pytest

import hwgen_keras

pytestmark = pytest.mark.backend_free

# Told by their value and the comment beside it.
CONSTANTS = {"FONT", "GENERATED", "HANDWRITING", "SIZES"}
CONSTANTS |= {"FITTED", "ONLINE", "SIMULATED"}
CALLABLES = sorted(set(hwgen_keras.__all__) - CONSTANTS)
# Of Keras's own methods: told by Keras, or under Input and Data of the class.
KERAS = {"self", "cls", "kwargs", "training"}
SECTIONS = "Args|Attributes|Returns|Yields|Raises|Example|Reference"


def sections(docstring):
    """{title: text} of a Google-style docstring."""
    parts = re.split(rf"(?m)^({SECTIONS}):", docstring)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def named(docstring):
    """The parameters that the sections Args and Attributes name."""
    found = sections(docstring)
    text = textwrap.dedent(found.get("Args", "").strip("\n"))
    text += "\n" + textwrap.dedent(found.get("Attributes", "").strip("\n"))
    items = re.findall(r"(?m)^([\w, ]+):", text)
    return {name.strip() for item in items for name in item.split(",")}


def raises_input_error(function):
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    return any(
        isinstance(node, ast.Raise) and "InputError" in ast.dump(node)
        for node in ast.walk(tree)
    )


def callables():
    """(label, signature's parameters, docstring, function) of all public callables."""
    for name in CALLABLES:
        value = getattr(hwgen_keras, name)
        if not inspect.isclass(value):
            yield name, inspect.signature(value).parameters, value.__doc__, value
            continue
        if issubclass(value, Exception):
            continue
        own_init = "__init__" in vars(value) and not dataclasses.is_dataclass(value)
        yield (
            name,
            inspect.signature(value).parameters,
            value.__doc__,
            value.__init__ if own_init else None,
        )
        for member, attribute in public_api.members(value).items():
            function = public_api.function_of(attribute)
            parameters = inspect.signature(function).parameters
            docstring = inspect.getdoc(getattr(value, member))
            yield f"{name}.{member}", parameters, docstring, function


CASES = list(callables())


@pytest.mark.parametrize(
    ("parameters", "docstring", "function"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_names_its_parameters_and_errors(parameters, docstring, function):
    docstring = inspect.cleandoc(docstring or "")
    assert docstring
    assert set(parameters) - KERAS <= named(docstring)
    if function is not None and raises_input_error(function):
        assert "InputError:" in sections(docstring).get("Raises", "")


@pytest.mark.parametrize("name", CALLABLES)
def test_has_an_example(name):
    docstring = inspect.cleandoc(getattr(hwgen_keras, name).__doc__)
    assert ">>> " in sections(docstring)["Example"]


def test_what_else_a_call_takes_is_told():
    for name in CALLABLES:
        value = getattr(hwgen_keras, name)
        if inspect.isclass(value) and "call" in vars(value):
            # The first one is Input or Data.
            for parameter in list(inspect.signature(value.call).parameters)[2:]:
                assert parameter in KERAS or f"`{parameter}`" in value.__doc__, name
