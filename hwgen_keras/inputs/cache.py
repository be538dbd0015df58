"""The images that a script makes of its data at start, kept in --cache.

What is made is named by a digest of all that decides it. It is made in parts, on all
cores; what is interrupted goes on with the part that was missing.
"""

import functools
import hashlib
import itertools
import json
import pathlib
import shutil

import numpy as np

from hwgen_keras import data, parallel, sources
from hwgen_keras.data import ImageStore, make, simulated_store
from hwgen_keras.errors import InputError
from hwgen_keras.files import sha256_of

# Images in a part, which one process makes; fewer are not worth its start.
_IMAGES = 4096


def glyphs(cache, fonts, characters, image_size):
    """The glyphs of fonts. See `ImageStore.from_fonts`."""
    key = [[_content(font.path), font.index, font.name] for font in fonts]
    common = characters, image_size
    return _prepare(
        cache, "fonts", _fonts, fonts, common, key, "glyph", len(characters)
    )


def cleaned(cache, samples, characters, image_size, kind):
    """The cleaned images of a manifest. See `ImageStore.from_manifest`."""
    files = {sample.path for sample in samples}
    key = sorted([str(file.absolute()), *_status(file)] for file in files)
    absolute = functools.cache(lambda path: str(path.absolute()))
    key += [[s.character, absolute(s.path), s.writer, s.index] for s in samples]
    common = characters, image_size, kind
    return _prepare(cache, "images", _clean, samples, common, key, "image")


def simulated(cache, writers, characters, image_size):
    """The hands of simulated writers. See `simulated_store`."""
    seeds, common, each = range(writers), (characters, image_size), len(characters)
    return _prepare(cache, "hands", _simulate, seeds, common, [writers], "image", each)


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
    store = make.relabel(store.select(fonts), characters)
    if store.image_size == image_size:
        return store
    if store.image_size is not None and store.image_size < image_size:
        raise InputError(
            f"--fonts: the glyphs of {path} have {store.image_size} pixels, fewer than "
            f"--image_size={image_size}; render them again, at least as large."
        )
    file = pathlib.Path(path)
    key = [str(file.absolute()), *_status(file)]
    common = str(path), characters, image_size
    numbers = list(range(len(store)))
    return _prepare(cache, "glyphs", _resize, numbers, common, key, "glyph")


def _fonts(fonts, characters, image_size, progress=False, path=None):
    return ImageStore.from_fonts(
        fonts, characters, image_size, progress=progress, path=path
    )


def _clean(samples, characters, image_size, kind, progress=False, path=None):
    return ImageStore.from_manifest(
        samples, characters, image_size, kind=kind, progress=progress, path=path
    )


def _simulate(seeds, characters, image_size, progress=False, path=None):
    store = simulated_store(seeds, characters, image_size, progress=progress)
    return store if path is None else store.save(path)


def _resize(numbers, source, characters, image_size, progress=False, path=None):
    store = ImageStore.open(source)
    store = make.relabel(store.select(store.kinds == data.FONT), characters)
    images = make.resize(store.select(numbers), image_size, progress)
    return ImageStore.collect(images, characters, image_size, path)


def _prepare(cache, name, function, items, common, key, unit, weight=1):
    """The store that `function(items, *common)` makes, from the cache if it is there.

    Args:
        cache: folder to keep it in; empty: it is made in memory.
        name: how its file begins.
        function: takes also `progress` and `path`, the file to write to.
        items: what is made, cut into parts of about `_IMAGES`.
        common: the other arguments, a `CharacterSet` and the image size among them.
        key: what decides the result besides `common` and the program, as JSON.
        unit, weight: of the bar; images that an item is worth.
    """
    if not cache:
        return function(items, *common, progress=True)
    key = [name, _program(), key, [_plain(value) for value in common]]
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
    jobs = [(function, items, common, part) for part, items in missing]
    found = [told for _, told in parallel.each(_write, jobs, unit, name, weights)]
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


def _write(function, items, common, path):
    """Writes one part; returns what is wrong with it, so that others go on."""
    try:
        function(items, *common, path=path)
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


def _plain(value):
    """A value as JSON."""
    return list(value) if hasattr(value, "characters") else value


def _status(file):
    status = file.stat()
    return status.st_size, status.st_mtime_ns


@functools.cache
def _content(path):
    """SHA-256 of a file."""
    return sha256_of(path)


@functools.cache
def _program():
    """SHA-256 of the code that decides what the images look like."""
    digest = hashlib.sha256()
    folder = pathlib.Path(sources.__file__).parent
    for file in [*sorted(folder.glob("*.py")), pathlib.Path(make.__file__)]:
        digest.update(file.read_bytes())
    return digest.hexdigest()
