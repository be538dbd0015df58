"""The images of a text, written by a generator in one hand or between two."""

import unicodedata
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hwgen_keras import inputs
from hwgen_keras.characters import (
    CharacterSet,
    Knowledge,
    StructureTokenizer,
)
from hwgen_keras.data import placed
from hwgen_keras.errors import InputError
from hwgen_keras.generation import to_uint8
from hwgen_keras.generation.character_inputs import encode_or_drop
from hwgen_keras.inference import glyphs, pictures
from hwgen_keras.inference.keras_engine import KerasEngine
from hwgen_keras.inference.writing import write_glyphs
from hwgen_keras.models import check_condition
from hwgen_keras.sources.images import SMALL_KANA, keeps_place

STYLE_IMAGES = 4  # of a hand, averaged for a character


class Hand(NamedTuple):
    """Images by one hand, `count` of which show the style of a character."""

    name: str
    images: NDArray  # float32 (n, size, size, 1) in [-1, 1], in their place
    characters: list[str]  # their n characters
    count: int
    share: float  # of this hand in the style


def load_hands(settings):
    """The `Hand` of `--handwriting`, and that of `--hand_2` if it is given."""
    paths, writer, flag = settings.handwriting, settings.writer, "--handwriting"
    if settings.hand_2 is None:
        return [_load_hand(settings, paths, writer, flag, 1.0)]
    second = [settings.hand_2], settings.writer_2, "--hand_2"
    return [
        _load_hand(settings, paths, writer, flag, 1 - settings.mix),
        _load_hand(settings, *second, settings.mix),
    ]


def _load_hand(settings, paths, writer, flag, share):
    store = inputs.load_hand(settings, paths, writer, flag)
    characters = [store.characters[label] for label in store.labels]
    shown, name = pictures.showing_style(characters), store.source_names[0]
    count = settings.style_images or min(STYLE_IMAGES, len(shown))
    if count > len(shown):
        raise InputError(
            f"--style_images is {count} and {name} wrote {len(shown)} images that "
            "show a style; give fewer."
        )
    characters = [characters[k] for k in shown]
    return Hand(name, placed(store, shown), characters, count, share)


def write(settings, generator, text, hands):
    """Writes each character of a text, each anew.

    Small kana that `--characters` lacks are written as the large ones; marks that it
    lacks are copied from the font.

    Args:
        settings: of the script.
        generator: an `AdaINGenerator` or a `DiffusionGenerator`.
        text: the text.
        hands: see `load_hands`.

    Returns:
        ({index in the text: uint8 image}, list of the copied characters, set of the
        small kana that are written large). With --skip_unknown_characters, characters
        that no font draws are missing.
    """
    size, strength = settings.image_size, settings.strength
    known = inputs.load_characters(settings)
    enlarged = {c for c in text if c in SMALL_KANA and c not in known}
    written_as = {c: large_kana(c) if c in enlarged else c for c in text}
    wanted = [written_as[c] for c in text if not c.isspace()]
    bending = hands if settings.follow_forms else []
    drawn = _draw(settings, wanted + [c for hand in bending for c in hand.characters])
    _check_drawn(settings, drawn, wanted)
    forms = np.zeros(2)
    for hand in bending:
        own = glyphs.forms_of(hand.images, hand.characters, drawn, size)
        forms += hand.share * (1.0 if strength is None else strength) * own
    rows, copied = [], []
    for index, character in enumerate(text):
        if written_as[character] in drawn and not character.isspace():
            own = character in known or character in enlarged
            mark = keeps_place(character) and not own
            (copied if mark else rows).append(index)

    def content(numbers):
        characters = [written_as[text[i]] for i in numbers]
        return glyphs.place_glyphs(drawn, characters, size, forms)

    images = {}
    if copied:
        images |= zip(copied, to_uint8(content(copied)), strict=True)
    if rows:
        written = write_glyphs(
            KerasEngine(generator),
            content(rows),
            [(hand.images, hand.count, hand.share) for hand in hands],
            _conditions(
                settings, generator, [written_as[text[i]] for i in rows], known
            ),
            rows=rows,
            seed=settings.seed,
            strength=strength,
            batch_size=settings.batch_size,
        )
        images |= zip(rows, written, strict=True)
    return images, [text[i] for i in copied], enlarged


def large_kana(character):
    """The large kana of a small one."""
    return unicodedata.lookup(unicodedata.name(character).replace("SMALL ", ""))


def _draw(settings, characters):
    """{character: uint8 (size, size)}, the glyphs of the first font with each."""
    wanted = CharacterSet("the text", dict.fromkeys(characters))
    store = inputs.load_store(settings, fonts=settings.fonts, characters=wanted)
    order = np.arange(len(store))
    if settings.reference_font is not None:
        preferred = np.isin(order, store.find(source=settings.reference_font))
        order = np.concatenate([order[preferred], order[~preferred]])
    first = {}
    for index in order:
        first.setdefault(store.characters[store.labels[index]], index)
    return dict(zip(first, store.decode(list(first.values())), strict=True))


def _check_drawn(settings, drawn, wanted):
    missing = [c for c in dict.fromkeys(wanted) if c not in drawn]
    if not missing:
        return
    names = glyphs.listed(missing)
    if not settings.skip_unknown_characters:
        raise InputError(
            f"--fonts: no font draws {names}; give one that does, or "
            "--skip_unknown_characters to leave a blank for them."
        )
    print(f"Left blank, since no font draws them: {names}")


def _conditions(settings, generator, characters, known):
    """The condition's inputs for the characters; dropped where it knows none.

    `known` is the `CharacterSet` of the training.
    """
    condition = generator.condition
    if condition is None or not characters:
        return {}
    tokenizer = None
    if condition.needs == "structure":
        tokenizer = StructureTokenizer.for_characters(known, settings.structure_file)
    check_condition(generator, known, tokenizer)
    knowledge = Knowledge(known, tokenizer)
    return encode_or_drop(condition, characters, known, knowledge)
