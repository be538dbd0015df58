"""What the condition of a generator is given of the characters of a text."""

import functools

import numpy as np

from hwgen_keras.characters import (
    CharacterSet,
    Domain,
    Knowledge,
    StructureTokenizer,
)
from hwgen_keras.errors import InputError


def encode_or_drop(condition, characters, known, knowledge):
    """The inputs of a condition, which is dropped for characters that it lacks.

    In training, too, it was dropped in a share of the rows.

    Args:
        condition: a `Condition`.
        characters: n characters, 1 or more.
        known: the characters of the training, 1 or more.
        knowledge: see `Condition.encode`.

    Returns:
        {input name: array (n, ...)}, and `drop_condition`, bool (n,).
    """
    able = condition.known(knowledge)
    trained = dict.fromkeys(c for c in known if able is None or c in able)
    unknown = [c not in trained for c in characters]
    # The character in place of an unknown one has no effect.
    named = [c if c in trained else next(iter(trained)) for c in characters]
    encoded = condition.encode_text(named, knowledge)
    return {**encoded, "drop_condition": np.array(unknown, bool)}


def of_writer(writer, characters):
    """The inputs of a stroke writer's condition; {} without one.

    Args:
        writer: a `StrokeWriter`.
        characters: n characters, 1 or more; any of KanjiVG.

    Returns, Raises: see `encode_or_drop` and `knowledge_of`.
    """
    condition = writer.condition
    if condition is None:
        return {}
    knowledge = knowledge_of(condition, "The stroke writer")
    known = condition.known(knowledge)
    known = characters if known is None else known
    return encode_or_drop(condition, characters, known, knowledge)


def knowledge_of(condition, name):
    """The `Knowledge` of a condition's training, which the condition itself names.

    Args:
        condition: that of a stroke writer.
        name: of the model, for the error.

    Raises:
        InputError: it does not name its characters, or has other structures than the
            package.
    """
    if condition.needs == "class":
        if condition.domain.names is None:
            raise InputError(
                f"{name} does not name the {condition.domain.size} of its condition; "
                "use a stroke writer without."
            )
        return Knowledge(CharacterSet(name, condition.domain.names))
    if condition.needs != "structure":
        return Knowledge()
    trained = condition.domain
    for tokenizer in _tokenizers():
        own = Domain.of_tokens(tokenizer)
        if trained.size == own.size and trained.names in (None, own.names):
            return Knowledge(tokenizer=tokenizer)
    raise InputError(
        f"{name} was trained on {trained.size}, which are not those of the package; "
        "use a stroke writer without a condition."
    )


@functools.cache
def _tokenizers():
    """Those of jis1 and of `japanese`."""
    return tuple(map(StructureTokenizer.for_characters, ("", "が")))
