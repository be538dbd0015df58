"""What is known of a model besides its weights: sizes, characters, structures."""

import functools
import warnings

from hwgen_keras.characters import (
    CharacterSet,
    Domain,
    Knowledge,
    StructureTokenizer,
    character_set,
)
from hwgen_keras.errors import InputError, InputWarning, check_whole

# The image size of `experiments.generate`, where no other is recorded.
IMAGE_SIZE = 64


class Facts:
    """What a model's description, its run and the user say of it.

    Args:
        image_size: side in pixels.
        characters: a `CharacterSet`, or None.
        tokenizer: a function without arguments that returns the `StructureTokenizer`.
        given: whether the user gave the characters.
    """

    def __init__(self, image_size, characters, tokenizer, given=False):
        self.image_size, self.characters = image_size, characters
        self._tokenizer, self._given = functools.cache(tokenizer), given

    def take_classes(self, engine):
        """Takes the characters that a model names for its classes.

        InputError if the user gave others.
        """
        named = engine.kind == "classifier" or (
            getattr(engine.condition, "needs", None) == "class"
        )
        if not named or engine.domain is None or engine.domain.names is None:
            return
        if self._given:
            remedy = "leave characters= out, or give those of its training in order"
            given = Domain.of_characters(self.characters)
            engine.domain.check(given, engine.name, remedy)
        self.characters = CharacterSet(engine.name, engine.domain.names)

    def classes(self, engine):
        """The characters of a model's classes; InputError if they are unknown."""
        if self.characters is None:
            raise InputError(
                f"{engine.name} has {engine.classes or 'some'} classes and does not "
                "name their characters; give characters=, such as 'kana'."
            )
        if engine.classes not in (None, len(self.characters)):
            raise InputError(
                f"{engine.name} has {engine.classes} classes and characters= has "
                f"{len(self.characters)} characters; give the set of its training."
            )
        return self.characters

    def condition(self, engine, characters):
        """The condition inputs of n characters, a dict of arrays of n rows.

        InputError names all characters that the model cannot encode.
        """
        condition = engine.condition
        if condition is None:
            return {}
        tokenizer = self._tokenizer() if condition.needs == "structure" else None
        knowledge = Knowledge(self.characters, tokenizer)
        if engine.domain is not None:
            condition.check(knowledge, engine.name, engine.domain)
        return condition.encode_text(characters, knowledge)


def resolve_facts(
    bundle=None, flags=None, *, characters=None, structures=None, size=None
):
    """The `Facts` of a model; the user's values precede those that are recorded.

    Args:
        bundle, flags: its `Bundle`, and the flags of its run; or None.
        characters: a `CharacterSet`, a name or file for `character_set`, or a list.
        structures: a file for `read_structures`.
        size: the image size.
    """
    flags, given = flags or {}, characters is not None
    named = flags.get("characters")
    if isinstance(characters, list | tuple):
        characters = CharacterSet("characters", characters)
    elif characters is not None and not isinstance(characters, CharacterSet):
        characters = character_set(characters)
    elif characters is None and bundle is not None and bundle.characters is not None:
        characters = CharacterSet(bundle.name, bundle.characters)
    elif characters is None and isinstance(named, str):
        try:
            characters = character_set(named)
        except InputError:  # The file is gone, but not every model needs it.
            pass
    recorded = (bundle and bundle.image_size) or flags.get("image_size")
    if size is None:
        size = recorded or IMAGE_SIZE
    check_whole(size, "image_size", 8)
    if recorded not in (None, size):
        warnings.warn(
            f"image_size is {size} and the model was trained on images of {recorded} "
            "pixels; leave image_size out, unless you mean it.",
            InputWarning,
            stacklevel=3,
        )

    def tokenizer():
        stored = bundle and structures is None and bundle.tokenizer()
        path = flags.get("structure_file") if structures is None else structures
        return stored or StructureTokenizer.for_characters(characters or (), path)

    return Facts(size, characters, tokenizer, given)
