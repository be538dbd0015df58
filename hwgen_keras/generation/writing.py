"""The sources of a generated set: glyphs to rewrite, and hands to write in."""

from hwgen_keras import inputs
from hwgen_keras.characters import CharacterSet
from hwgen_keras.data import FONT, HANDWRITING, ImageStore, StrokeStore
from hwgen_keras.data.manifest import brief
from hwgen_keras.errors import InputError
from hwgen_keras.generation.sampler import GenerationSampler
from hwgen_keras.generation.settings import WriterSettings
from hwgen_keras.generation.track_sampler import TrackGenerationSampler
from hwgen_keras.generation.tracks import new_hands
from hwgen_keras.models import StrokeWriter, check_condition
from hwgen_keras.settings import rules_of
from hwgen_keras.sources.looks import PEN
from hwgen_keras.sources.strokes import has_strokes

# Flags about the images that a generator of images is given.
_OF_IMAGES = ("content", "style_from", "style_images", "follow_forms")


def parts(settings, real):
    """The contents and the hands of a script's settings, parts of `inputs.load_parts`.

    `real` says whether there is real handwriting. InputError if a part lacks its flag.
    """
    available = {
        inputs.FONTS: bool(settings.fonts),
        inputs.REAL: bool(real),
        inputs.SIMULATED: bool(settings.simulated_writers),
    }
    contents = (settings.content,)
    if settings.content == "both":
        contents = inputs.FONTS, inputs.SIMULATED
    hands = settings.style_hands
    if not hands:
        inputs.check_given(settings, ("handwriting",))
        hands = [part for part in (inputs.REAL, inputs.SIMULATED) if available[part]]
    for flag, wanted in (("content", contents), ("style_hands", hands)):
        for part in wanted:
            if not available[part]:
                raise InputError(
                    f"--{flag}: {part} needs {inputs.FLAG[part]}; give it, or choose "
                    "others."
                )
    # The order of the user must not change which image a row draws.
    return contents, tuple(part for part in available if part in hands)


def load_images(settings):
    """The `ImageStore` of contents, as fonts, and hands, as handwriting."""
    contents, hands = parts(settings, settings.handwriting)
    flags = {inputs.FLAG[part].removeprefix("--") for part in {*contents, *hands}}
    stores = inputs.load_parts(settings, **{f: getattr(settings, f) for f in flags})
    glyphs = [stores[part].as_kind(FONT) for part in contents]
    images = [stores[part].as_kind(HANDWRITING) for part in hands]
    return ImageStore.merge(glyphs + images)


def sampler_for(settings, generator, characters, count):
    """The sampler of a generator's rows: what is written, and in which hands.

    Args:
        settings: of generate.
        generator: that of `--generator_weights`.
        characters: the `CharacterSet`.
        count: images of each character, or {character: images}.

    Raises:
        InputError: a flag is missing, or is for another kind of generator.
    """
    if isinstance(generator, StrokeWriter):
        check_images_flags(settings, _OF_IMAGES, generator)
        lacking = [c for c in characters if not has_strokes(c)]
        if lacking and not isinstance(count, dict):
            print(f"Left out, since KanjiVG has no strokes for them: {brief(lacking)}")
        return TrackGenerationSampler(
            load_hands(settings, generator),
            *(characters, count),
            *(settings.image_size, settings.seed, settings.hand_samples),
            settings.look,
        )
    names = ("new_hands", *rules_of(WriterSettings))
    check_flags(settings, names, "a stroke writer", generator)
    check_pen(settings, generator)
    parts(settings, settings.handwriting)
    tokenizer = tokenizer_for(settings, generator, characters)
    return GenerationSampler(
        load_images(settings),
        *(count, tokenizer, settings.seed, settings.style_from),
        *(settings.style_images, settings.follow_forms, generator.condition),
        settings.look,
    )


def load_hands(settings, writer):
    """The hands of a stroke writer, a `StrokeStore`.

    InputError if there is none, or they are fonts.
    """
    chosen = settings.style_hands or (inputs.REAL, inputs.SIMULATED)
    if inputs.FONTS in chosen:
        raise InputError(
            "--style_hands: a stroke writer takes no glyphs of fonts; fit strokes to "
            "them with prepare_strokes --fit, and give --strokes the store."
        )
    points = writer.network.points
    flags = {inputs.REAL: "handwriting", inputs.SIMULATED: "simulated_writers"}
    given = {flag: getattr(settings, flag) for part, flag in flags.items()}
    for part in settings.style_hands:
        if not given[flags[part]]:
            raise InputError(
                f"--style_hands: {part} needs {inputs.FLAG[part]}; give it, or choose "
                "others."
            )
    given = {flag: given[flag] for part, flag in flags.items() if part in chosen}
    if not (any(given.values()) or settings.strokes or settings.new_hands):
        raise InputError(
            "A stroke writer needs hands: give --strokes a stroke store, --handwriting "
            "a manifest, --simulated_writers a number, or --new_hands=1 for a new one."
        )
    stores = inputs.load_tracks(settings, points, strokes=settings.strokes, **given)
    if settings.new_hands:
        stores.append(new_hands(writer, settings.new_hands, settings.seed))
    return joined(stores, points)


def joined(stores, points):
    """Stroke stores of any characters as one, with `points` points a line."""
    alike = [_resampled(store, points) for store in stores]
    every = (character for store in alike for character in store.characters)
    characters = CharacterSet("hands", dict.fromkeys(every))
    return StrokeStore.merge([store.relabel(characters) for store in alike])


def _resampled(store, points):
    if store.points == points:
        return store
    tracks = [store.track(index).resampled(points) for index in range(len(store))]
    names = [store.source_names[source] for source in store.sources]
    return StrokeStore.of_tracks(tracks, names, int(store.kinds[0]))


def check_images_flags(settings, names, writer):
    """Checks the flags for generators of images, where a stroke writer is given.

    Fonts are no mistake, since scripts that need them hand them on: a line says so.
    """
    check_flags(settings, names, "a generator of images", writer)
    if settings.fonts:
        print("--fonts: not used, since a stroke writer moves the strokes of KanjiVG.")


def check_flags(settings, names, kind, generator):
    """Raises InputError if a setting of another kind of generator is no default."""
    rules = rules_of(type(settings))
    for name in names:
        if getattr(settings, name) != rules[name].default:
            raise InputError(
                f"--{name} is for {kind}, not for {type(generator).__name__}; leave "
                "the flag out."
            )


def check_pen(settings, generator):
    """Raises InputError if a generator of images is to write with pens."""
    if settings.look == PEN:
        raise InputError(
            f"--look=pen is for a stroke writer, not for {type(generator).__name__}, "
            "whose images have their ink; give clean or scan."
        )


def tokenizer_for(settings, generator, characters):
    """The tokenizer that a generator's condition needs, or None.

    InputError if the generator was trained on other characters, or a character has no
    structure.
    """
    tokenizer = None
    if getattr(generator.condition, "needs", None) == "structure":
        tokenizer = inputs.load_tokenizer(settings, characters)
    check_condition(generator, characters, tokenizer)
    return tokenizer
