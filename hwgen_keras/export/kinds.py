"""The kind of a model, and its condition."""

from hwgen_keras.characters import Domain
from hwgen_keras.errors import InputError
from hwgen_keras.layers.conditions import CLIPCondition, example_tokens
from hwgen_keras.models import (
    CLIP,
    AdaINGenerator,
    Classifier,
    DiffusionGenerator,
    StrokeWriter,
    TextEncoder,
)


def kind_and_mode(model):
    """`kind` and `mode` of a model in its `Bundle`; InputError if it has no export."""
    if isinstance(model, AdaINGenerator):
        return "generator", model.mode
    if isinstance(model, DiffusionGenerator):
        condition = model.condition
        name = "" if condition is None else f"_{condition.short_name}"
        return "diffusion", f"diffusion{name}"
    if isinstance(model, Classifier) and not isinstance(model.encoder, TextEncoder):
        return "classifier", None
    if isinstance(model, CLIP):
        return "clip", None
    if isinstance(model, StrokeWriter):
        return "writer", None
    raise InputError(f"a {type(model).__name__} has no export")


def condition_of(model):
    """The `Condition` of a model, and its domain; (None, None) without one."""
    if isinstance(model, CLIP):
        return CLIPCondition, Domain.of_tokens(model.text_tower.encoder)
    condition = getattr(model, "condition", None)
    return condition, None if condition is None else condition.domain


def example_inputs(model, count, rng):
    """Random inputs of a model's condition, see `Condition.example`."""
    if isinstance(model, CLIP):
        return {"tokens": example_tokens(model.text_tower.encoder, count, rng)}
    condition = getattr(model, "condition", None)
    return {} if condition is None else condition.example(count, rng)
