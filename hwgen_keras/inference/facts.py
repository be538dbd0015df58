"""What is known of a model beside its weights: sizes, characters, structures."""

import functools

from hwgen_keras.characters import (
    CharacterSet,
    Knowledge,
    StructureTokenizer,
    character_set,
    read_structures,
)
from hwgen_keras.errors import InputError

# What `experiments.generate` takes where nobody tells.
IMAGE_SIZE = 64


class Facts:
    """What the description of a model, its run, and its user tell of it.

    Attributes:
        image_size: side in pixels.
        characters: `CharacterSet` of its training, or None.
    """

    def __init__(self, image_size, characters, tokenizer):
        """Args: `tokenizer`: function without arguments → `StructureTokenizer`."""
        self.image_size, self.characters = image_size, characters
        self._tokenizer = functools.cache(tokenizer)

    def classes(self, engine):
        """The characters that the classes of a model stand for.

        Raises:
            InputError: they are unknown, or not as many as the model's classes.
        """
        if self.characters is None:
            raise InputError(
                f"{engine.name} has {engine.classes or 'some'} classes and does not "
                "tell their characters; give characters=, such as 'kana'."
            )
        if engine.classes not in (None, len(self.characters)):
            raise InputError(
                f"{engine.name} has {engine.classes} classes and characters= has "
                f"{len(self.characters)} characters; give the set of its training."
            )
        return self.characters

    def condition(self, engine, characters):
        """The inputs that tell a model which characters it writes, or embeds.

        Args:
            engine: of the model.
            characters: list of n characters.

        Returns:
            dict of arrays of n rows.

        Raises:
            InputError: the model cannot be told one of them; all such are named.
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
    """The `Facts` of a model; what the user gives goes first.

    Args:
        bundle: its `Bundle`, if it has one.
        flags: of the run that made it, if it is in a run folder.
        characters: a `CharacterSet`, what `character_set` takes, or a list.
        structures: a file for `read_structures`.
        size: the image size.

    Raises:
        InputError: one of them does not fit or cannot be read.
    """
    flags = flags or {}
    named = flags.get("characters")
    if characters is not None:
        characters = _character_set(characters)
    elif bundle is not None and bundle.characters is not None:
        characters = CharacterSet(bundle.name, bundle.characters)
    elif isinstance(named, str):
        try:
            characters = character_set(named)
        except InputError:  # a file of characters that is gone; not all need it
            characters = None
    size = size or (bundle and bundle.image_size) or flags.get("image_size")
    size = IMAGE_SIZE if size is None else size
    if isinstance(size, bool) or not isinstance(size, int) or size < 8:
        raise InputError(f"image_size is {size!r}; give a whole number of 8 or more.")

    def tokenizer():
        if structures is None and bundle is not None:
            found = bundle.tokenizer()
            if found is not None:
                return found
        return StructureTokenizer(
            read_structures(structures or flags.get("structure_file"))
        )

    return Facts(size, characters, tokenizer)


def _character_set(given):
    if isinstance(given, CharacterSet):
        return given
    if isinstance(given, list | tuple):
        return CharacterSet("characters", given)
    return character_set(given)
