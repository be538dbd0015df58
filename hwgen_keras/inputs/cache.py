"""The images that a script makes of its data at start, kept in --cache.

What is made is named by a digest of all that decides it. It is made in parts, on all
cores; what is interrupted goes on with the part that was missing.
"""

import functools
import hashlib
import importlib.metadata
import itertools
import json
import pathlib
import shutil

import numpy as np
from PIL import features

from hwgen_keras import data, parallel
from hwgen_keras.characters import kanjivg
from hwgen_keras.data import (
    ImageStore,
    font_store,
    manifest_store,
    simulated_store,
)
from hwgen_keras.data.samples import store_samples
from hwgen_keras.errors import InputError
from hwgen_keras.files import sha256_of

# Images in a part, which one process makes; fewer are not worth its start.
_IMAGES = 4096
# The files of the package that decide about pixels.
_CODE = ("sources/**/*.py", "characters/kanjivg.py")
_CODE += ("data/builders.py", "data/samples.py", "data/png.py")
# Pillow decodes, scales and draws glyphs (with a FreeType that may be the system's),
# scikit-image finds thresholds, SciPy filters, NumPy draws the numbers of pens.
_PACKAGES = ("pillow", "scikit-image", "scipy", "numpy")


def glyphs(cache, fonts, characters, image_size):
    """The glyphs of fonts. See `font_store`."""
    key = [[_content(font.path), font.index, font.name] for font in fonts]
    common = {"characters": characters, "image_size": image_size}
    return _prepare(cache, "fonts", font_store, fonts, common, key, len(characters))


def cleaned(cache, samples, characters, image_size, kind):
    """The cleaned images of a manifest. See `manifest_store`."""
    common = {"characters": characters, "image_size": image_size, "kind": kind}
    return _prepare(cache, "images", manifest_store, samples, common, _listed(samples))


def simulated(cache, writers, characters, image_size):
    """The hands of simulated writers. See `simulated_store`."""
    seeds, key = range(writers), [writers, kanjivg.version()]
    common = {"characters": characters, "image_size": image_size}
    return _prepare(
        cache, "hands", simulated_store, seeds, common, key, len(characters)
    )


def rendered(cache, path, characters, image_size):
    """The glyphs in a store, those of the characters of the set, at another size.

    Raises:
        InputError: the store has no such glyph, or smaller ones.
    """
    store = _checked(path)
    fonts = store.kinds == data.FONT
    if not fonts.any():
        raise InputError(
            f"--fonts: {path} holds no glyphs of fonts; give a store of prepare_fonts."
        )
    known = [label for label, c in enumerate(store.characters) if c in characters]
    if not np.isin(store.labels[fonts], known).any():
        raise InputError(f"--fonts: {path} has no character of {characters.name}.")
    store = store.select(fonts).relabel(characters)
    if store.image_size == image_size:
        return store
    if store.image_size is not None and store.image_size < image_size:
        raise InputError(
            f"--fonts: the glyphs of {path} have {store.image_size} pixels, fewer than "
            f"--image_size={image_size}; render them again, at least as large."
        )
    listed = store_samples(path, characters, skip_unknown=True)
    samples = [sample for sample in listed if fonts[sample.index]]
    common = {"characters": characters, "image_size": image_size}
    common |= {"kind": data.FONT, "clean": False}
    return _prepare(cache, "glyphs", manifest_store, samples, common, _listed(samples))


def _prepare(cache, name, build, items, common, key, weight=1):
    """The store that `build(items, **common)` makes, from the cache if it is there.

    Args:
        cache: folder to keep it in; empty: it is made in memory.
        name: how its file begins.
        build: `font_store` or another builder.
        items: what is made, cut into parts of about `_IMAGES`.
        common: the other arguments, a `CharacterSet` and the image size among them.
        key: what decides the result besides `common` and the program, as JSON.
        weight: images that an item is worth.
    """
    if not cache:
        return build(items, **common)
    plain = {**common, "characters": list(common["characters"])}
    key = [name, _program(), key, plain]
    text = json.dumps(key, ensure_ascii=False)
    digest = hashlib.sha256(text.encode()).hexdigest()[:24]
    path = pathlib.Path(cache, f"{name}-{digest}.store")
    if path.exists():
        try:
            return _checked(path)
        except InputError as error:
            print(f"{error} It is made again.")
    folder = path.with_suffix(".parts")
    _make_folder(folder)
    parts = [
        (folder / f"{number:05d}.store", list(part))
        for number, part in enumerate(_batched(items, max(1, _IMAGES // weight)))
    ]
    missing = [(part, items) for part, items in parts if not part.exists()]
    weights = [weight * len(items) for _, items in missing]
    jobs = [(build, items, common, part) for part, items in missing]
    found = [told for _, told in parallel.each(_write, jobs, "image", name, weights)]
    told = [text for text in found if text]
    try:
        if told:
            more = f" (and so in {len(told) - 1} other parts)" if told[1:] else ""
            raise InputError(f"{told[0]}{more}")
        store = data.concatenate_stores([part for part, _ in parts], path)
    except InputError:
        # Another process that made the same was first, and removed the parts.
        if not path.exists():
            raise
        store = ImageStore.open(path)
    shutil.rmtree(folder, ignore_errors=True)
    return store


def _checked(path):
    """A store, all of it read: in training, damage would end in a long message."""
    store = ImageStore.open(path)
    store.verify()
    return store


def _write(build, items, common, path):
    """Writes one part; returns what is wrong with it, so that others go on."""
    try:
        build(items, **common, progress=False, path=path)
    except InputError as error:
        return str(error)
    return None


def _make_folder(folder):
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"--cache: {folder.parent} cannot be written ({error.strerror}); give "
            "another folder, or --cache= for none."
        ) from None


def _batched(items, size):
    iterator = iter(items)
    while part := tuple(itertools.islice(iterator, size)):
        yield part


def _listed(samples):
    """The samples, and the size and time of each file, as JSON."""
    absolute = functools.cache(lambda path: str(path.absolute()))
    files = {sample.path for sample in samples}
    key = sorted([absolute(file), *_status(file)] for file in files)
    return key + [[s.character, absolute(s.path), s.writer, s.index] for s in samples]


def _status(file):
    status = file.stat()
    return status.st_size, status.st_mtime_ns


@functools.cache
def _content(path):
    """SHA-256 of a file."""
    return sha256_of(path)


@functools.cache
def _program():
    """SHA-256 of the code and the packages that decide what the images look like."""
    package = pathlib.Path(data.__file__).parent.parent
    digest = hashlib.sha256()
    for file in sorted(file for pattern in _CODE for file in package.glob(pattern)):
        digest.update(file.read_bytes())
    versions = [importlib.metadata.version(name) for name in _PACKAGES]
    digest.update(repr([*versions, features.version("freetype2")]).encode())
    return digest.hexdigest()
