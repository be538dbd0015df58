"""The test data of the models of saved_models/, and the description of all data."""

import collections
import dataclasses
import pathlib
import re
from typing import NamedTuple

import numpy as np

from hwgen_keras import characters as writing
from hwgen_keras import inputs
from hwgen_keras.characters import CharacterSet
from hwgen_keras.data import HANDWRITING, ImageStore, simulated_store
from hwgen_keras.errors import InputError
from hwgen_keras.files import read_json
from hwgen_keras.inputs import cache as prepared
from hwgen_keras.sources.font_files import faces, font_files, name_faces

from . import recipes
from .flags import source_of
from .unseen import known_hands, without

SCRIPTS = ("kana", "kanji")
# The data that a font, taken for a hand, is of.
FONTS = "fonts"
_LICENCE = 90  # letters of a font's licence that a card shows


class Test(NamedTuple):
    """Cleaned images of one script by writers of no training."""

    store: ImageStore
    writers: int
    names: list[str]  # of the data


def script_of(character):
    """kana, kanji, or others, such as marks and letters."""
    script = writing.script_of(character)
    return "kana" if script in ("hiragana", "katakana") else script


def load_tests(paths, images, characters):
    """The images of writers of no training, {script: `Test`}.

    Of each manifest only the script that most of its images show counts: a writer of
    kanji may have written a few kana as well.

    Args:
        paths: of manifests.
        images: how they are read, `Images`.
        characters: the `CharacterSet`.
    """
    samples, names = {}, {}
    for path in paths:
        found = inputs.load_samples(images, path, characters)
        scripts = [script_of(sample.character) for sample in found]
        script = max(SCRIPTS, key=scripts.count)
        samples.setdefault(script, []).extend(
            s for s, own in zip(found, scripts, strict=True) if own == script
        )
        name = source_of(path) or pathlib.Path(path).name
        names.setdefault(script, []).append(name)
    size, cache = images.image_size, images.cache
    return {
        script: Test(
            prepared.cleaned(cache, samples[script], characters, size, HANDWRITING),
            len({sample.writer for sample in samples[script]}),
            names[script],
        )
        for script in SCRIPTS
        if script in samples
    }


def font_tests(settings, images, characters):
    """Fonts of --test_fonts, each as a hand, {script and font: `Test`}.

    Of each at most --kanji_each kanji, drawn by the seed; hands that a training saw by
    another name are left out.
    """
    if not settings.test_fonts:
        return {}
    fonts = inputs.load_store(images, fonts=settings.test_fonts, characters=characters)
    known = known_hands(settings, "test_fonts", images, characters)
    fonts = without(fonts, known, "test_fonts").as_kind(HANDWRITING)
    found = {}
    for source in np.unique(fonts.sources):
        font, name = fonts.select(fonts.sources == source), fonts.source_names[source]
        labels = requested_characters(font, settings.kanji_each, settings.seed)
        for script, store in _by_script(font, labels).items():
            found[f"{script} of {name}"] = Test(store, 1, [FONTS])
    return found


def named_tests(paths):
    """{name of the data: its manifests}, for yardsticks."""
    found: dict[str, list] = {}
    for path in paths:
        found.setdefault(source_of(path) or pathlib.Path(path).name, []).append(path)
    return found


def check_unseen(settings, model):
    """Raises InputError if a test shows what is no test of accuracy.

    These are fonts of --fonts and --hand_fonts, and data that `SOURCES` calls traced.

    Args:
        settings: of reproduce.
        model: in `MODELS`; of a generator nothing is checked.
    """
    if model.kind not in ("classifier", "clip"):
        return
    tests = {font["name"] for font in _fonts(settings.test_fonts)}
    for flag in ("fonts", "hand_fonts"):
        for font in _fonts(getattr(settings, flag)):
            if font["name"] in tests:
                raise InputError(
                    f"--test_fonts: {font['name']} is a font of --{flag}, too; test "
                    "with others."
                )
    for path in settings.test:
        name = source_of(path)
        if any(source.traced and source.name == name for source in recipes.SOURCES):
            raise InputError(
                f"--test: {path} is of {name}, whose hand was traced over KanjiVG and "
                "is no test of a recogniser; give it as --handwriting, and test with "
                "other writers and --test_fonts."
            )


def load_contents(fonts, name, images, characters):
    """The glyphs of the font `name` among `fonts` (None: the first), and its name."""
    store = inputs.load_store(images, fonts=fonts, characters=characters)
    names = [store.source_names[k] for k in np.unique(store.sources)]
    name = name or names[0]
    if name not in names:
        raise InputError(
            f"--reference_font: --fonts has no {name!r}; it has {', '.join(names[:5])}"
            f"{' and others' if names[5:] else ''}."
        )
    return store.select(store.find(source=name)), name


def requested_characters(contents, kanji, seed):
    """Class ids that a generator is measured by, {script: ascending integers}.

    They are all kana of a font's glyphs, and a number of its kanji drawn by the seed.
    """
    drawn = np.unique(contents.labels)
    scripts = np.array([script_of(contents.characters[k]) for k in drawn])
    known = drawn[scripts == "kanji"]
    order = np.random.default_rng(seed).permutation(len(known))
    found = {"kana": drawn[scripts == "kana"], "kanji": np.sort(known[order[:kanji]])}
    return {script: labels for script, labels in found.items() if len(labels)}


def unseen_hands(tests, requested, settings, images, characters):
    """Hands that no training saw, {kind: {script: `ImageStore` of it alone}}.

    The kinds are "writers" of the tests, "simulated" writers with other seeds, and
    "fonts" of the judge, each taken for a hand; those that a training saw by another
    name are left out. See `load_tests`, `requested_characters`.
    """
    found = {"writers": {script: test.store for script, test in tests.items()}}
    labels = np.concatenate(list(requested.values()))
    subset = CharacterSet("asked", [characters[k] for k in labels])
    drawn = simulated_store(recipes.UNSEEN_WRITERS, subset, images.image_size)
    found["simulated"] = _by_script(drawn.relabel(characters), requested)
    if settings.judge_fonts:
        fonts = inputs.load_store(
            images, fonts=settings.judge_fonts, characters=characters
        )
        known = known_hands(settings, "judge_fonts", images, characters)
        fonts = without(fonts, known, "judge_fonts")
        found["fonts"] = _by_script(fonts.as_kind(HANDWRITING), requested)
    return found


def _by_script(store, requested):
    chosen = {script: np.isin(store.labels, k) for script, k in requested.items()}
    return {script: store.select(rows) for script, rows in chosen.items() if rows.any()}


def describe(settings, images, characters):
    """The data, its authors and licences, a dict for JSON."""
    # A run keeps its characters in a file, whose name says nothing.
    name = pathlib.Path(images.characters).name
    found = {"characters": {"name": name, "number": len(characters)}}
    for name in ("fonts", "hand_fonts", "judge_fonts", "test_fonts"):
        found[name] = _fonts(getattr(settings, name))
    for name in ("handwriting", "judge_handwriting", "test"):
        paths = getattr(settings, name)
        found[name] = [_manifest(images, path, characters) for path in paths]
    return found


def _manifest(images, path, characters):
    samples = inputs.load_samples(images, path, characters)
    name = source_of(path)
    known = next((s for s in recipes.SOURCES if s.name == name), None)
    counts = collections.Counter(script_of(sample.character) for sample in samples)
    return {
        "name": name or pathlib.Path(path).name,
        "writing": known.writing if known else "your own data",
        "licence": known.licence if known else "see the data",
        "images": len(samples),
        "by_script": dict(counts),
        "writers": len({sample.writer for sample in samples}),
        "numbers": _numbers(samples),
    }


def _numbers(samples):
    """The numbers of writers such as hira-01, as a range, or None."""
    found = [re.fullmatch(r"[a-z]+-(\d+)", sample.writer) for sample in samples]
    if not all(found):
        return None
    numbers = sorted({int(match[1]) for match in found})
    return f"{numbers[0]}–{numbers[-1]}"


def _fonts(paths):
    """Names and licences of the fonts, as far as their files state them."""
    records = []
    for path in map(pathlib.Path, paths):
        coverage = path.with_name("coverage.json")
        if path.suffix == ".store" and coverage.is_file():
            records += read_json(coverage)["fonts"]
        elif path.suffix == ".store":
            records += [{"name": name} for name in ImageStore.open(path).source_names]
        else:
            found = (face for file in font_files(path) for face in faces(file))
            records += [
                {"name": font.name, **dataclasses.asdict(face)}
                for font, face in name_faces(found)
            ]
    return [
        {
            "name": record["name"],
            "licence": _short(record),
            "licence_url": record.get("licence_url") or "",
        }
        for record in records
    ]


def _short(record):
    """The first sentence of a font's licence, which names it."""
    text = " ".join((record.get("licence") or "").split()).split(". ")[0]
    if not re.search(r"\w", text):
        name, url = record["name"], record.get("licence_url") or ""
        if re.search("OFL|openfontlicense", url):
            return "SIL Open Font License"
        known = [own for start, own in recipes.FONT_LICENCES if name.startswith(start)]
        return f"{known[0]} (Debian's package)" if known else "see the font"
    return text if len(text) <= _LICENCE else f"{text[:_LICENCE].rstrip()}…"
