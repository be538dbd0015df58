"""The images of a text, written by a generator in one hand or between two."""

import unicodedata

import numpy as np

from hwgen_keras.characters import CharacterSet, StructureTokenizer, read_structures
from hwgen_keras.data import ImageStore, measure_forms
from hwgen_keras.data.feed_python import moved
from hwgen_keras.data.forms import glyphs_place
from hwgen_keras.errors import InputError
from hwgen_keras.generation import row_noise, to_uint8
from hwgen_keras.inputs import loading as inputs
from hwgen_keras.sources.images import SMALL_KANA, keeps_place
from hwgen_keras.training import recipes
from hwgen_keras.training.recipes import placed

STYLE_IMAGES = 4  # of a hand, averaged for a character


def written_as(character):
    """The character that is written for one: the large kana for a small one."""
    if character not in SMALL_KANA:
        return character
    return unicodedata.lookup(unicodedata.name(character).replace("SMALL ", ""))


def load_glyphs(options, text, slant=0.0, stretch=0.0):
    """The glyphs of a text's characters, one a character, from the first font with it.

    Args:
        options: of the script.
        text: what is written.
        slant, stretch: how to bend what is no mark, of `forms_of`.

    Returns:
        {character: its image, float32 in [-1, 1], in its place}, of `written_as`;
        what no font draws is missing, and said, if --skip_unknown_characters.

    Raises:
        InputError: no font draws a character.
    """
    wanted = [written_as(c) for c in text if not c.isspace()]
    wanted = CharacterSet("the text", dict.fromkeys(wanted))
    store = inputs.load_store(options, ("fonts",), handwriting=False, characters=wanted)
    order = np.arange(len(store))
    if options.reference_font is not None:
        preferred = np.isin(order, store.find(source=options.reference_font))
        order = np.concatenate([order[preferred], order[~preferred]])
    first = {}
    for index in order:
        first.setdefault(store.characters[store.labels[index]], index)
    missing = [character for character in wanted if character not in first]
    if missing:
        names = "、".join(missing[:10]) + (" and others" if missing[10:] else "")
        if not options.skip_unknown_characters:
            raise InputError(
                f"--fonts: no font draws {names}; give one that does, or "
                "--skip_unknown_characters to leave a blank for them."
            )
        print(f"Left blank, since no font draws them: {names}")
    images = store.decode(list(first.values()))
    maps = glyphs_place(images, first, slant, stretch)
    return dict(zip(first, moved(images, maps, options.image_size), strict=True))


def forms_of(options, loaded):
    """How much more the hand leans and stretches characters than the font.

    Args:
        options: of the script.
        loaded: the `ImageStore` of the hand, and that of a second one.

    Returns:
        (slant, stretch), see `Forms`; of two hands between theirs.
    """
    found = []
    for hand in loaded:
        fonts = inputs.load_store(
            options, ("fonts",), handwriting=False, characters=hand.characters
        )
        store = ImageStore.merge([fonts, hand])
        names = list(store.source_names)
        font = names.index(options.reference_font or names[0])
        forms = np.stack(measure_forms(store))
        found.append(forms[:, -1] - forms[:, font])
    strength = 1.0 if options.strength is None else options.strength
    return strength * np.average(found, axis=0, weights=_shares(options, loaded))


def write(options, generator, text, glyphs, loaded):
    """Writes each character of a text that is no mark, each anew.

    Args:
        options: of the script.
        generator: an `AdaINGenerator` or a `DiffusionGenerator`.
        text: what is written.
        glyphs: of `load_glyphs`.
        loaded: the `ImageStore` of the hand, and that of a second one.

    Returns:
        ({index in the text: uint8 image}, list of the characters that are the font's).
    """
    images, copied, rows = {}, [], []
    for index, character in enumerate(text):
        glyph = glyphs.get(written_as(character))
        if glyph is None:
            continue
        if keeps_place(character) and character not in SMALL_KANA:
            images[index] = to_uint8(glyph[None])[0]
            copied.append(character)
        else:
            rows.append(index)
    told = _conditions(options, generator, [written_as(text[i]) for i in rows])
    for first in range(0, len(rows), options.batch_size):
        part = slice(first, first + options.batch_size)
        numbers = rows[part]
        content = np.stack([glyphs[written_as(text[i])] for i in numbers])
        batch = {
            "content": content,
            **_styles(options, loaded, numbers),
            **{name: column[part] for name, column in told.items()},
        }
        if options.strength is not None:
            batch["strength"] = np.full(len(numbers), options.strength, "float32")
        if "noise" in generator.input_names:
            batch["noise"] = row_noise(options.seed, numbers, options.image_size)
        written = to_uint8(generator.predict_on_batch(batch))
        images.update(zip(numbers, written, strict=True))
    return images, copied


def _styles(options, loaded, numbers):
    """Style images of each row, of one hand or of both with their shares."""
    images, weights = [], []
    shares = _shares(options, loaded)
    for hand, (store, share) in enumerate(zip(loaded, shares, strict=True)):
        marks = [keeps_place(store.characters[label]) for label in store.labels]
        # Of a small or low mark little can be seen of a hand.
        pool = np.arange(len(store)) if all(marks) else np.flatnonzero(~np.array(marks))
        count = options.style_images or min(STYLE_IMAGES, len(pool))
        if count > len(pool):
            raise InputError(
                f"--style_images is {count} and {store.source_names[0]} wrote "
                f"{len(pool)} images that show a style; give fewer."
            )
        draws = [np.random.default_rng((options.seed, hand, row)) for row in numbers]
        drawn = [rng.choice(pool, count, replace=False) for rng in draws]
        found = placed(store, np.concatenate(drawn))
        images.append(found.reshape(len(numbers), count, *found.shape[1:]))
        weights += count * [share / count]
    return {
        "style": np.concatenate(images, axis=1),
        "style_weights": np.tile(np.float32(weights), (len(numbers), 1)),
    }


def _shares(options, loaded):
    return [1.0] if len(loaded) == 1 else [1 - options.mix, options.mix]


def _conditions(options, generator, characters):
    """What the generator is told of the characters; of strange ones, nothing.

    In training, too, it was told nothing of some rows, and had the glyph alone.
    """
    names = set(generator.input_names) & {"label", "tokens"}
    if not names:
        return {}
    known = inputs.load_characters(options)
    recipes.check_condition(generator, known)
    structures = known
    if "tokens" in names:
        structures = read_structures(options.structure_file)
    strange = [c not in known or c not in structures for c in characters]
    # What stands in for the strange ones is not looked at.
    stands = next(c for c in known if c in structures)
    named = [
        stands if unknown else character
        for character, unknown in zip(characters, strange, strict=True)
    ]
    if "tokens" in names:
        told = {"tokens": StructureTokenizer(structures).encode(named)}
    else:
        told = {"label": np.array([known.index(c) for c in named], np.int32)}
    return {**told, "drop_condition": np.array(strange, bool)}
