"""The public names with their signatures, as text, for a test to compare.

A change that is meant is written down, and so shown in review, by

    .venv/bin/python tests/public_api.py
"""

import inspect
import pathlib

import hwgen_keras

FILE = pathlib.Path(__file__).with_suffix(".txt")


def members(owner):
    """{name: attribute} of what a public class has itself: its public methods and
    properties, without those of Keras that it overrides."""
    own = [c for c in owner.__mro__ if c.__module__.startswith("hwgen_keras")]
    foreign = {name for c in owner.__mro__ if c not in own for name in dir(c)}
    found = {}
    for c in own:
        for name, attribute in vars(c).items():
            described = callable(getattr(owner, name)) or isinstance(
                attribute, property
            )
            if described and not name.startswith("_") and name not in foreign:
                found.setdefault(name, attribute)
    return dict(sorted(found.items()))


def function_of(attribute):
    """The function behind a method, class method or property."""
    if isinstance(attribute, property):
        return attribute.fget
    return getattr(attribute, "__func__", attribute)


def signature(function):
    """The signature of a callable, without types and `self`."""
    found = inspect.signature(function)
    parameters = [
        p.replace(annotation=p.empty)
        for name, p in found.parameters.items()
        if name not in ("self", "cls")
    ]
    return found.replace(parameters=parameters, return_annotation=found.empty)


def lines(name):
    """The lines of one public name: itself, then what a class has."""
    value = getattr(hwgen_keras, name)
    if not inspect.isclass(value):
        shown = signature(value) if callable(value) else f": {type(value).__name__}"
        return [f"{name}{shown}"]
    if issubclass(value, Exception):
        return [f"{name}({value.__base__.__name__})"]
    found = [f"{name}{signature(value)}"]
    for member, attribute in members(value).items():
        is_property = isinstance(attribute, property)
        shown = "" if is_property else signature(function_of(attribute))
        found.append(f"    .{member}{shown}")
    return found


def text():
    """All of them, in the order of their names."""
    return "".join(f"{line}\n" for name in hwgen_keras.__all__ for line in lines(name))


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
    print(f"wrote {FILE}")
