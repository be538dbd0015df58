"""What the models of saved_models/ are measured on, and what their data is."""

import collections
import dataclasses
import json
import pathlib
import re
import types

import numpy as np

from hwgen_keras.characters import CharacterSet
from hwgen_keras.characters.sets import HIRAGANA, KATAKANA
from hwgen_keras.data import HANDWRITING, ImageStore, simulated_store
from hwgen_keras.errors import InputError
from hwgen_keras.inputs import cache as prepared
from hwgen_keras.inputs import loading as inputs
from hwgen_keras.sources.font_files import faces, font_files, name_faces

from . import recipes as zoo
from .runs import source_of

KANA = frozenset(HIRAGANA + KATAKANA)
SCRIPTS = ("kana", "kanji")
_LICENCE = 90  # letters of a font's licence that a card shows

Test = collections.namedtuple("Test", "store writers names")
Test.__doc__ = """Images of one script by writers nobody trained on.

Attributes:
    store: `ImageStore` of cleaned images.
    writers: how many there are.
    names: what the data is called.
"""


def script_of(character):
    return "kana" if character in KANA else "kanji"


def load_tests(options, characters):
    """The images of `--test`, {script: `Test`}.

    Of each manifest those of the script that most of its images show: who recorded
    kanji and a few kana is a writer of kanji.
    """
    samples, names = {}, {}
    for path in options.test:
        found = inputs.load_samples(options, path, characters)
        kinds = [script_of(sample.character) for sample in found]
        script = max(SCRIPTS, key=kinds.count)
        own = [s for s, kind in zip(found, kinds, strict=True) if kind == script]
        samples.setdefault(script, []).extend(own)
        name = source_of(path) or pathlib.Path(path).name
        names.setdefault(script, []).append(name)
    size, cache = options.image_size, options.cache
    return {
        script: Test(
            prepared.cleaned(cache, samples[script], characters, size, HANDWRITING),
            len({sample.writer for sample in samples[script]}),
            names[script],
        )
        for script in SCRIPTS
        if script in samples
    }


def load_contents(options, characters):
    """The glyphs of `--reference_font`, of the first font without it."""
    store = inputs.load_store(options, ("fonts",), handwriting=False)
    names = [store.source_names[k] for k in np.unique(store.sources)]
    name = options.reference_font or names[0]
    if name not in names:
        raise InputError(
            f"--reference_font: --fonts has no {name!r}; it has {', '.join(names[:5])}"
            f"{' and others' if names[5:] else ''}."
        )
    return store.select(store.find(source=name)), name


def asked_characters(options, contents):
    """Class ids of what a generator is to write, {script: ascending integers}.

    All kana, and `--kanji` of the kanji, drawn by `--seed`, that the font has.
    """
    drawn = np.unique(contents.labels)
    kinds = np.array([script_of(contents.characters[k]) for k in drawn])
    kanji = drawn[kinds == "kanji"]
    order = np.random.default_rng(options.seed).permutation(len(kanji))
    found = {"kana": drawn[kinds == "kana"]}
    found["kanji"] = np.sort(kanji[order[: options.kanji]])
    return {script: labels for script, labels in found.items() if len(labels)}


def unseen_hands(options, tests, asked, characters):
    """Hands that no training saw, {kind: {script: `ImageStore`}}.

    "writers" of --test; "simulated" ones with other seeds; "fonts" of the judge, shown
    as if each were a hand. Each store has images of its script alone.
    """
    found = {"writers": {script: test.store for script, test in tests.items()}}
    everything = np.concatenate(list(asked.values()))
    some = CharacterSet("asked", [characters[k] for k in everything])
    drawn = simulated_store(zoo.UNSEEN_WRITERS, some, options.image_size)
    found["simulated"] = _by_script(drawn.relabel(characters), asked)
    if options.judge_fonts:
        other = types.SimpleNamespace(**vars(options) | {"fonts": options.judge_fonts})
        fonts = inputs.load_store(other, ("fonts",), handwriting=False)
        found["fonts"] = _by_script(fonts.as_kind(HANDWRITING), asked)
    return found


def _by_script(store, asked):
    found = {}
    for script, labels in asked.items():
        chosen = np.isin(store.labels, labels)
        if chosen.any():
            found[script] = store.select(chosen)
    return found


def describe(options, characters):
    """What the data is, whose, and under which licence: a dict for JSON."""
    return {
        "characters": {"name": characters.name, "number": len(characters)},
        "fonts": _fonts(options.fonts),
        "judge_fonts": _fonts(options.judge_fonts),
        "handwriting": [_manifest(options, m, characters) for m in options.handwriting],
        "judge_handwriting": [
            _manifest(options, m, characters) for m in options.judge_handwriting
        ],
        "test": [_manifest(options, m, characters) for m in options.test],
    }


def _manifest(options, path, characters):
    samples = inputs.load_samples(options, path, characters)
    name = source_of(path)
    known = next((s for s in zoo.SOURCES if s.name == name), None)
    kinds = collections.Counter(script_of(sample.character) for sample in samples)
    return {
        "name": name or pathlib.Path(path).name,
        "writing": known.writing if known else "your own data",
        "licence": known.licence if known else "see the data",
        "images": len(samples),
        "by_script": dict(kinds),
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
    """Names and licences of the fonts, as far as files tell them."""
    records = []
    for path in map(pathlib.Path, paths):
        coverage = path.with_name("coverage.json")
        if path.suffix == ".store" and coverage.is_file():
            records += json.loads(coverage.read_text("utf-8"))["fonts"]
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
            "licence": _short(record.get("licence"), record["name"]),
            "licence_url": record.get("licence_url") or "",
        }
        for record in records
    ]


def _short(licence, name):
    # The first sentence, which names it.
    text = " ".join((licence or "").split()).split(". ")[0]
    if not re.search(r"\w", text):
        told = (one for start, one in zoo.FONT_LICENCES if name.startswith(start))
        known = next(told, None)
        return f"{known} (Debian's package)" if known else "see the font"
    return text if len(text) <= _LICENCE else f"{text[:_LICENCE].rstrip()}…"
