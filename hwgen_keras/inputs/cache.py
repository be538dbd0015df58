"""The image stores that a script builds from its data at start, kept in --cache.

A digest of all that decides the images names a store. It is built in parts, on all
cores; after an interruption only the missing parts are built.
"""

import functools
import hashlib
import importlib.metadata
import json
import pathlib
import shutil

import numpy as np
from PIL import features

from hwgen_keras import data, parallel
from hwgen_keras.characters import kanjivg
from hwgen_keras.data import ImageStore, font_store, manifest_store, simulated_store
from hwgen_keras.data.samples import store_samples
from hwgen_keras.errors import InputError
from hwgen_keras.files import sha256_of

# Images in a part; for fewer the start of a process takes too long.
_IMAGES = 4096
# Files of the package that decide about pixels.
_CODE = ("sources/**/*.py", "characters/kanjivg.py")
_CODE += ("data/builders.py", "data/samples.py", "data/png.py")
# Packages that decide about pixels; Pillow's FreeType may be that of the system.
_PACKAGES = ("pillow", "scikit-image", "scipy", "numpy")
_content = functools.cache(sha256_of)


def glyphs(cache, fonts, characters, image_size):
    """The glyphs of fonts. See `font_store`."""
    key = [[_content(font.path), font.index, font.name] for font in fonts]
    common = {"characters": characters, "image_size": image_size}
    return _prepare(cache, "fonts", font_store, fonts, common, key, len(characters))


def cleaned(cache, samples, characters, image_size, kind):
    """The cleaned images of a manifest. See `manifest_store`."""
    common = {"characters": characters, "image_size": image_size, "kind": kind}
    return _prepare(cache, "images", manifest_store, samples, common, key_of(samples))


def simulated(cache, writers, characters, image_size):
    """The hands of simulated writers. See `simulated_store`."""
    seeds, key = range(writers), [writers, kanjivg.version()]
    common = {"characters": characters, "image_size": image_size}
    weight = len(characters)
    return _prepare(cache, "hands", simulated_store, seeds, common, key, weight)


def rendered(cache, path, characters, image_size):
    """The glyphs in a store of the characters of the set, at another size."""
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
    return _prepare(cache, "glyphs", manifest_store, samples, common, key_of(samples))


def _prepare(cache, name, build, items, common, key, weight=1):
    """The store of `build(items, **common)`, from the cache if it is there.

    Args:
        cache: its folder; empty: the store is built in memory.
        name: prefix of the file's name.
        build: `font_store` or another builder.
        items: sequence that is built in parts of about `_IMAGES` images.
        common: the other arguments, a `CharacterSet` and the image size among them.
        key: JSON that decides the result besides `common` and the program.
        weight: images of an item.
    """
    if not cache:
        return build(items, **common)
    plain = {**common, "characters": list(common["characters"])}
    path = store_path(cache, name, [key, plain])
    if path.exists():
        try:
            return _checked(path)
        except InputError as error:
            print(f"{error} It is made again.")
    folder = path.with_suffix(".parts")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"--cache: {folder.parent} cannot be written ({error.strerror}); give "
            "another folder, or --cache= for none."
        ) from None
    size = max(1, _IMAGES // weight)
    starts = range(0, len(items), size)
    parts = [folder / f"{number:05d}.store" for number in range(len(starts))]
    jobs = [
        (build, list(items[start : start + size]), common, part)
        for start, part in zip(starts, parts, strict=True)
        if not part.exists()
    ]
    weights = [weight * len(job[1]) for job in jobs]
    results = parallel.each(_write, jobs, "image", name, weights)
    errors = [error for _, error in results if error]
    try:
        if errors:
            more = f" (and so in {len(errors) - 1} other parts)" if errors[1:] else ""
            raise InputError(f"{errors[0]}{more}")
        store = data.concatenate_stores(parts, path)
    except InputError:
        # Another process may have built the same store and removed the parts.
        if not path.exists():
            raise
        store = ImageStore.open(path)
    shutil.rmtree(folder, ignore_errors=True)
    return store


def store_path(cache, name, key):
    """The file of a store in the cache: named by its key and the program."""
    text = json.dumps([name, _program(), *key], ensure_ascii=False)
    digest = hashlib.sha256(text.encode()).hexdigest()[:24]
    return pathlib.Path(cache, f"{name}-{digest}.store")


def _checked(path):
    """Opens and verifies a store: in training, damage would end in a traceback."""
    store = ImageStore.open(path)
    store.verify()
    return store


def _write(build, items, common, path):
    """Writes a part; returns its error, so that the other parts are written, too."""
    try:
        build(items, **common, progress=False, path=path)
    except InputError as error:
        return str(error)
    return None


def key_of(samples):
    """The samples, and the size and time of each file, as JSON."""
    absolute = functools.cache(lambda path: str(path.absolute()))
    status = {sample.path: sample.path.stat() for sample in samples}
    key = sorted([absolute(f), s.st_size, s.st_mtime_ns] for f, s in status.items())
    return key + [[s.character, absolute(s.path), s.writer, s.index] for s in samples]


@functools.cache
def _program():
    """SHA-256 of the code and the packages that decide about pixels."""
    package = pathlib.Path(data.__file__).parent.parent
    digest = hashlib.sha256()
    for file in sorted(file for pattern in _CODE for file in package.glob(pattern)):
        digest.update(file.read_bytes())
    versions = [importlib.metadata.version(name) for name in _PACKAGES]
    digest.update(repr([*versions, features.version("freetype2")]).encode())
    return digest.hexdigest()
