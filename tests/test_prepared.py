"""What scripts make of their data is made once, and kept under a digest of it."""

import importlib.metadata
import os
import pathlib

import numpy as np
import pytest
from PIL import Image
from stores import small_store

from hwgen_keras import inputs
from hwgen_keras.characters import CharacterSet
from hwgen_keras.data import (
    HANDWRITING,
    ImageStore,
    Sample,
    StoreWriter,
    read_manifest,
    write_manifest,
)
from hwgen_keras.data.png import encode
from hwgen_keras.errors import InputError
from hwgen_keras.inputs import cache as prepared
from hwgen_keras.inputs.settings import Images
from hwgen_keras.sources import find_fonts

pytestmark = pytest.mark.backend_free


@pytest.fixture
def made(monkeypatch):
    """How often images were made, each time in this process."""
    calls = []
    for name in ("font_store", "manifest_store", "simulated_store"):
        real = getattr(prepared, name)

        def count(*arguments, real=real, name=name, **options):
            calls.append(name)
            return real(*arguments, **options)

        monkeypatch.setattr(prepared, name, count)
    monkeypatch.setattr(prepared.parallel.os, "cpu_count", lambda: 1)
    return calls


def same(first, second):
    assert first.source_names == second.source_names
    for name in ("labels", "sources", "kinds"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    everything = range(len(first))
    np.testing.assert_array_equal(first.decode(everything), second.decode(everything))
    return True


def test_a_second_start_opens_what_the_first_made(tmp_path, manifest, characters, made):
    cache = tmp_path / "貯蔵 庫"
    samples = read_manifest(manifest, characters)
    arguments = samples, characters, 24, HANDWRITING
    first = prepared.cleaned(cache, *arguments)
    assert same(first, prepared.cleaned("", *arguments)) and len(made) == 2
    assert same(first, prepared.cleaned(cache, *arguments)) and len(made) == 2
    assert [file.suffix for file in cache.iterdir()] == [".store"]
    # Another size, another writer, or an image that changed: made again.
    prepared.cleaned(cache, samples, characters, 32, HANDWRITING)
    other = [Sample("あ", samples[0].path, "another"), *samples[1:]]
    prepared.cleaned(cache, other, characters, 24, HANDWRITING)
    os.utime(samples[3].path, (1, 1))
    prepared.cleaned(cache, *arguments)
    assert len(made) == 5 and len(list(cache.iterdir())) == 4


def test_what_is_interrupted_goes_on(tmp_path, manifest, characters, made, monkeypatch):
    monkeypatch.setattr(prepared, "_IMAGES", 5)
    samples = read_manifest(manifest, characters)
    whole = prepared.cleaned("", samples, characters, 24, HANDWRITING)
    real, made[:] = prepared._write, []

    def stop(*arguments):
        if len(made) == 2:
            raise KeyboardInterrupt
        return real(*arguments)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(prepared, "_write", stop)
        prepared.cleaned(tmp_path / "cache", samples, characters, 24, HANDWRITING)
    (folder,) = (tmp_path / "cache").iterdir()
    assert len(list(folder.iterdir())) == 2
    store = prepared.cleaned(tmp_path / "cache", samples, characters, 24, HANDWRITING)
    assert same(store, whole) and len(made) == 3
    assert [file.is_file() for file in (tmp_path / "cache").iterdir()] == [True]


def test_a_damaged_store_is_made_again(tmp_path, tiny_font, characters, made, capsys):
    fonts = find_fonts([str(tiny_font)])
    first = prepared.glyphs(tmp_path, fonts, characters, 16)
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    for damaged, told in (
        (whole[:-1], "truncated"),
        (whole[:300] + b"?" + whole[301:], "the checksum of its images is wrong"),
    ):
        file.write_bytes(damaged)
        assert same(prepared.glyphs(tmp_path, fonts, characters, 16), first)
        assert told in capsys.readouterr().out
    assert len(made) == 3


@pytest.mark.parametrize("moment", ["_write", "concatenate_stores"])
def test_another_process_may_be_first(
    tmp_path, manifest, characters, monkeypatch, moment
):
    samples = read_manifest(manifest, characters)
    arguments = tmp_path / "cache", samples, characters, 24, HANDWRITING
    owner = prepared if moment == "_write" else prepared.data
    real = getattr(owner, moment)

    def be_second(*given):
        monkeypatch.setattr(owner, moment, real)
        prepared.cleaned(*arguments)
        if moment == "_write":
            return "The folder of the parts is gone."
        return real(*given)

    monkeypatch.setattr(owner, moment, be_second)
    store = prepared.cleaned(*arguments)
    assert same(store, prepared.cleaned("", *arguments[1:]))
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_simulated_writers_are_kept(tmp_path, characters, made, monkeypatch):
    first = prepared.simulated(tmp_path, 2, characters, 24)
    assert same(first, prepared.simulated("", 2, characters, 24))
    assert same(first, prepared.simulated(tmp_path, 2, characters, 24))
    assert len(made) == 2
    # Another release of KanjiVG may have other strokes.
    monkeypatch.setattr(prepared.kanjivg, "version", lambda: "20990101")
    assert same(first, prepared.simulated(tmp_path, 2, characters, 24))
    assert len(made) == 3 and len(list(tmp_path.iterdir())) == 2


@pytest.mark.parametrize(
    "file",
    ["data/builders.py", "data/samples.py", "data/png.py", "characters/kanjivg.py"]
    + ["sources/pen.py", "sources/pages/cells.py", "sources/etl/images.py"],
)
def test_other_code_makes_the_images_again(
    tmp_path, tiny_font, characters, made, monkeypatch, file
):
    arguments = tmp_path, find_fonts([str(tiny_font)]), characters, 16
    prepared.glyphs(*arguments)
    monkeypatch.setattr(prepared, "_program", prepared._program.__wrapped__)
    prepared.glyphs(*arguments)
    assert len(made) == 1
    read, changed = pathlib.Path.read_bytes, []

    def other(path):
        if path.as_posix().endswith(f"hwgen_keras/{file}"):
            changed.append(path)
            return read(path) + b"#"
        return read(path)

    monkeypatch.setattr(pathlib.Path, "read_bytes", other)
    prepared.glyphs(*arguments)
    assert len(made) == 2 and len(changed) == 1


@pytest.mark.parametrize("package", ["pillow", "numpy", "scipy", "scikit-image"])
def test_other_packages_make_the_images_again(
    tmp_path, tiny_font, characters, made, monkeypatch, package
):
    arguments = tmp_path, find_fonts([str(tiny_font)]), characters, 16
    prepared.glyphs(*arguments)
    monkeypatch.setattr(prepared, "_program", prepared._program.__wrapped__)
    version = importlib.metadata.version
    monkeypatch.setattr(
        *(importlib.metadata, "version"),
        lambda name: "99" if name == package else version(name),
    )
    prepared.glyphs(*arguments)
    assert len(made) == 2


def test_all_bad_images_are_named_at_once(tmp_path, characters):
    blank = tmp_path / "blank.png"
    samples = []
    for number in range(6):
        file = tmp_path / f"{number}.png"
        Image.new("L", (20, 20), 255).save(file)
        samples.append(Sample("あ", file))
    with pytest.raises(InputError, match="0.png is blank.*also .*1.png.*3.png, …"):
        prepared.cleaned(tmp_path / "c", samples, characters, 24, HANDWRITING)
    blank.touch()
    with pytest.raises(InputError, match="--cache: .* cannot be written"):
        prepared.cleaned(blank, samples, characters, 24, HANDWRITING)


def test_a_manifest_of_a_store_of_scans(tmp_path, characters):
    rng = np.random.default_rng(0)
    with StoreWriter(tmp_path / "scans.store", characters) as writer:
        for number in range(12):
            scan = rng.integers(220, 256, (40 + number, 50), dtype=np.uint8)
            scan[10:30, 10 + number : 14 + number] = 20
            png = encode(scan)
            writer.add(png, characters[number % 6], f"w{number // 6}", HANDWRITING)
    file = tmp_path / "scans.store"
    samples = [Sample(characters[n % 6], file, f"w{n // 6}", n) for n in range(12)]
    write_manifest(tmp_path / "train.json", samples)
    settings = Images(characters="kana", image_size=32, cache=str(tmp_path / "cache"))
    manifests = [str(tmp_path / "train.json")]
    store = inputs.load_store(settings, handwriting=manifests)
    assert len(store) == 12 and store.image_size == 32
    assert store.source_names == ("w0", "w1")
    assert same(inputs.load_store(settings, handwriting=manifests), store)


@pytest.fixture
def glyphs(tmp_path, characters):
    small_store(characters, size=32).save(tmp_path / "glyphs.store")
    return str(tmp_path / "glyphs.store")


def test_a_store_of_glyphs_stands_for_fonts(tmp_path, glyphs, characters):
    other = CharacterSet("other", "漢いあ")
    store = prepared.rendered("", glyphs, other, 32)
    assert store.source_names[:3] == ("font-0", "font-1", "font-2")
    original = ImageStore.open(glyphs)
    assert [other[label] for label in store.labels] == ["あ", "い"] * 3
    np.testing.assert_array_equal(store.decode(1), original.decode(1))
    for cache in ("", tmp_path / "cache", tmp_path / "cache"):
        small = prepared.rendered(cache, glyphs, other, 16)
        assert small.image_size == 16 and small.source_names == store.source_names[:3]
        np.testing.assert_array_equal(small.labels, store.labels)
        with Image.fromarray(store.decode_one(3)) as image:
            expected = image.resize((16, 16), Image.Resampling.LANCZOS)
        np.testing.assert_array_equal(small.decode_one(3), expected)


def test_stores_that_do_not_stand_for_fonts(tmp_path, glyphs, characters):
    with pytest.raises(InputError, match="has 32 pixels|have 32 pixels, fewer"):
        prepared.rendered("", glyphs, characters, 48)
    with pytest.raises(InputError, match="no character of private"):
        prepared.rendered("", glyphs, CharacterSet("private", "\ue000"), 32)
    small_store(characters, fonts=0).save(tmp_path / "hands.store")
    with pytest.raises(InputError, match="holds no glyphs of fonts"):
        prepared.rendered("", tmp_path / "hands.store", characters, 24)
