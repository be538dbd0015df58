"""Settings of scripts that evaluate recognisers."""

import dataclasses
import os

from hwgen_keras.errors import InputError
from hwgen_keras.inputs.settings import Images
from hwgen_keras.settings import Seed, Settings, Size, by_size, setting
from hwgen_keras.sources.looks.look import LOOKS


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecogniserImages(Images, Size):
    """Images of the size that a recogniser takes."""

    DEFAULTS = by_size(image_size=(32, 64, 224))


@dataclasses.dataclass(frozen=True, kw_only=True)
class TestSet(RecogniserImages):
    """Test images, which no training uses."""

    __test__ = False  # for pytest, which collects by name

    test: str = setting(
        None,
        "Manifest, store or folder of the test images, by writers whom no recogniser "
        "was trained on.",
        required=True,
    )
    macro_over: str | None = setting(
        None,
        "Character set that macro-F1 is over (the original: etl8); default: what the "
        "test images show.",
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class OtherTests(Settings):
    """Test images that are no manifests."""

    test_fonts: tuple[str, ...] = setting(
        (),
        "As --fonts, fonts that no recogniser was trained on: each is a hand of its "
        "own. May be given several times.",
    )
    kanji_each: int = setting(
        0,
        "Kanji of each writer or font that are read, at most, drawn by --seed; 0: all. "
        "Of other characters, which are few, all are read.",
        at_least=0,
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Yardsticks(OtherTests, RecogniserImages, Seed):
    """Test images of several origins, each writer and font for itself."""

    test: tuple[str, ...] = setting(
        (),
        "NAME=PATH or PATH, a manifest, store or folder of test images, by writers "
        "whom no recogniser was trained on. May be given several times.",
    )
    test_strokes: tuple[str, ...] = setting(
        (),
        "Store of strokes, as prepare_strokes writes it, that are drawn for the test. "
        "May be given several times.",
    )
    look: tuple[str, ...] = setting(
        ("clean",),
        "How the test images look, one or more of clean (as they are), pen (strokes "
        "alone: each hand has a pen) and scan (paper and a scanner), joined by commas.",
        choices=LOOKS,
        separator=",",
    )
    macro_over: str | None = setting(
        None,
        "Character set that macro-F1 is over (the original: etl8); default: what the "
        "test images show.",
    )

    @property
    def tests(self):
        """{name of a test: its paths}."""
        return named_tests(self.test)

    def check(self):
        super().check()
        if not (self.test or self.test_fonts or self.test_strokes):
            raise InputError(
                "--test is needed: manifest, store or folder of the test images, by "
                "writers whom no recogniser was trained on; or give --test_fonts or "
                "--test_strokes."
            )
        if {*self.look} == {"pen"} and not self.test_strokes:
            raise InputError(
                "--look=pen is for strokes, which --test_strokes names; of images give "
                "clean or scan."
            )


def named_tests(texts):
    """{name: paths} of NAME=PATH; a plain PATH is called as its file or folder."""
    found: dict[str, list[str]] = {}
    for text in texts:
        name, equals, path = text.partition("=")
        if not equals or os.path.exists(text) or {"/", "\\"} & {*name}:
            path, name = text, ""
        if not path:
            raise InputError(f"--test={text}: write it as NAME=PATH.")
        default = os.path.splitext(os.path.basename(os.path.normpath(path)))[0]
        found.setdefault(name or default, []).append(path)
    return found
