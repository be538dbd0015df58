"""The data that the flags of a script name."""

import pathlib

from hwgen_keras.characters import StructureTokenizer, character_set, read_structures
from hwgen_keras.data import HANDWRITING, ImageStore, folder_samples, read_manifest
from hwgen_keras.data.samples import store_samples
from hwgen_keras.errors import InputError
from hwgen_keras.inputs import cache as prepared
from hwgen_keras.sources import find_fonts, system_fonts

FONTS, REAL, SIMULATED = "fonts", "real", "simulated"
# Kinds of images, and the flag that gives them.
FLAG = {FONTS: "--fonts", REAL: "--handwriting", SIMULATED: "--simulated_writers"}


def load_store(options, need=(), fonts=True, handwriting=True, characters=None):
    """The images that `--fonts`, `--handwriting`, `--simulated_writers` name.

    Args:
        options: options of a script.
        need: `"fonts"`, `"handwriting"`: what must be given.
        fonts, handwriting: whether to read them at all.
        characters: the `CharacterSet`; None: that of `--characters`.

    Returns:
        An `ImageStore` of the images at `options.image_size`.
    """
    check_given(options, need)
    parts = (FONTS,) * fonts + (REAL, SIMULATED) * handwriting
    stores = [*load_parts(options, parts, characters).values()]
    if not stores:
        raise InputError(
            "There is no data: give --fonts, --handwriting or --simulated_writers."
        )
    return ImageStore.merge(stores)


def load_parts(options, parts, characters=None):
    """The images that flags name, each kind of them for itself.

    Args:
        options: options of a script.
        parts: which to read, keys of `FLAG`.
        characters: the `CharacterSet`; None: that of `--characters`.

    Returns:
        {part: `ImageStore` of the images at `options.image_size`}, in the order of
        `FLAG`, without parts whose flag was not given.
    """
    characters = characters or load_characters(options)
    cache, size = options.cache, options.image_size
    found = {part: [] for part in FLAG}
    # What is wrong with a manifest or a store is told before anything takes its time.
    manifests = options.handwriting if REAL in parts else []
    samples = [load_samples(options, path, characters) for path in manifests]
    given = options.fonts if FONTS in parts else []
    kept = [path for path in given if path.endswith(".store")]
    kept = [prepared.rendered(cache, path, characters, size) for path in kept]
    files = [path for path in given if not path.endswith(".store")]
    if files:
        fonts = covering(load_fonts(files), characters)
        found[FONTS].append(prepared.glyphs(cache, fonts, characters, size))
    found[FONTS] += kept
    for listed in samples:
        store = prepared.cleaned(cache, listed, characters, size, HANDWRITING)
        found[REAL].append(store)
    if SIMULATED in parts and options.simulated_writers:
        writers = options.simulated_writers
        found[SIMULATED].append(prepared.simulated(cache, writers, characters, size))
    return {part: ImageStore.merge(each) for part, each in found.items() if each}


def check_given(options, need):
    """Raises InputError unless the flags name each of what is needed.

    Args:
        options: options of a script.
        need: `"fonts"`, `"handwriting"`.
    """
    if "fonts" in need and not options.fonts:
        raise InputError(
            "This step needs fonts: give --fonts a folder of fonts, or `system`."
        )
    if "handwriting" in need and not (options.handwriting or options.simulated_writers):
        raise InputError(
            "This step needs handwriting: give --handwriting a manifest, or "
            "--simulated_writers a number."
        )


def load_characters(options):
    return character_set(options.characters)


def load_fonts(paths):
    """The fonts of `--fonts`; `system` stands for the installed ones."""
    fonts = find_fonts([p for p in paths if p != "system"])
    if "system" in paths:
        installed = system_fonts()
        if not installed:
            raise InputError("--fonts=system: no Japanese font is installed.")
        names = {font.name for font in fonts}
        fonts += [font for font in installed if font.name not in names]
    return fonts


def covering(fonts, characters):
    """The fonts that have a character of the set; the others are named."""
    found = []
    for font in fonts:
        if any(font.covers(character) for character in characters):
            found.append(font)
        else:
            print(f"Left out {font.path}: no character of {characters.name} in it.")
    if not found:
        raise InputError(f"--fonts: no font has a character of {characters.name}.")
    return found


def load_samples(options, path, characters):
    """The samples of a manifest, a store, or a folder with a manifest or images.

    Writers without a name get the manifest's, or the folder's.
    """
    path = pathlib.Path(path)
    if path.suffix == ".store":
        return store_samples(path, characters, options.skip_unknown_characters)
    if path.is_dir() and not (path / "manifest.json").is_file():
        return folder_samples(path, characters, options.skip_unknown_characters)
    manifest = path / "manifest.json" if path.is_dir() else path
    return read_manifest(
        manifest,
        characters,
        writer_pattern=options.writer_pattern,
        skip_unknown=options.skip_unknown_characters,
        writer=path.resolve().name if path.is_dir() else path.stem,
    )


def load_images(options, manifest, characters, kind):
    """The store of the cleaned images of a manifest, or of another store."""
    samples = load_samples(options, manifest, characters)
    return prepared.cleaned(
        options.cache, samples, characters, options.image_size, kind
    )


def load_tokenizer(options, characters):
    """The tokenizer of `--structure_file`, checked to know every character."""
    structures = read_structures(options.structure_file)
    missing = [c for c in characters if c not in structures]
    if missing:
        raise InputError(
            f"--structure_file has no structure of {'、'.join(missing[:5])}"
            f"{' and others' if len(missing) > 5 else ''}; add them."
        )
    return StructureTokenizer(structures)
