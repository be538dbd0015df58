"""Loading the data that the settings of a script name."""

import pathlib

from hwgen_keras.characters import StructureTokenizer, character_set
from hwgen_keras.data import HANDWRITING, ImageStore, folder_samples, read_manifest
from hwgen_keras.data.manifest import brief
from hwgen_keras.data.samples import store_samples
from hwgen_keras.data.shards import is_numbered
from hwgen_keras.errors import InputError
from hwgen_keras.inputs import cache as prepared
from hwgen_keras.sources import find_fonts, system_fonts

FONTS, REAL, SIMULATED = "fonts", "real", "simulated"
# The flag of each kind of images.
FLAG = {FONTS: "--fonts", REAL: "--handwriting", SIMULATED: "--simulated_writers"}


def load_store(settings, **sources):
    """Like `load_parts`, as one `ImageStore`; raises InputError without images."""
    parts = load_parts(settings, **sources)
    if not parts:
        raise InputError(
            "There is no data: give --fonts, --handwriting or --simulated_writers."
        )
    return ImageStore.merge(parts.values())


def load_parts(
    settings, *, fonts=(), handwriting=(), simulated_writers=0, characters=None
):
    """The images of fonts, manifests and simulated writers.

    Args:
        settings: `Images`: the characters, the image size, how manifests are read.
        fonts, handwriting, simulated_writers: values of the flags of these names.
        characters: the `CharacterSet`; None: that of `--characters`.

    Returns:
        {kind: `ImageStore`}, in the order of `FLAG`, without kinds of no image.
    """
    characters = characters or load_characters(settings)
    cache, size = settings.cache, settings.image_size
    parts: dict[str, list] = {part: [] for part in FLAG}
    # Mistakes in manifests and stores are reported before the slow rendering.
    samples = [load_samples(settings, path, characters) for path in handwriting]
    stores = [path for path in fonts if path.endswith(".store")]
    rendered = [prepared.rendered(cache, path, characters, size) for path in stores]
    files = [path for path in fonts if path not in stores]
    if files:
        covered = covering(load_fonts(files), characters)
        parts[FONTS].append(prepared.glyphs(cache, covered, characters, size))
    parts[FONTS] += rendered
    parts[REAL] = [
        prepared.cleaned(cache, listed, characters, size, HANDWRITING)
        for listed in samples
    ]
    if simulated_writers:
        store = prepared.simulated(cache, simulated_writers, characters, size)
        parts[SIMULATED].append(store)
    return {part: ImageStore.merge(stores) for part, stores in parts.items() if stores}


def check_given(settings, need):
    """Raises InputError unless the settings name what is needed.

    Args:
        settings: `Fonts`, `Handwriting` and `SimulatedWriters`.
        need: of `"fonts"` and `"handwriting"`.
    """
    if "fonts" in need and not settings.fonts:
        raise InputError(
            "Fonts are needed: give --fonts a folder of fonts, or `system`."
        )
    simulated = getattr(settings, "simulated_writers", 0)
    if "handwriting" in need and not (settings.handwriting or simulated):
        raise InputError(
            "Handwriting is needed: give --handwriting a manifest, or "
            "--simulated_writers a number."
        )


def load_characters(settings):
    """The `CharacterSet` of `--characters`."""
    return character_set(settings.characters)


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
    """The fonts that have a character of the set; logs the others."""
    covered = []
    for font in fonts:
        if any(font.covers(character) for character in characters):
            covered.append(font)
        else:
            print(f"Left out {font.path}: no character of {characters.name} in it.")
    if not covered:
        raise InputError(f"--fonts: no font has a character of {characters.name}.")
    return covered


def load_samples(settings, path, characters):
    """The samples of a manifest, a store or shard, or a folder of one or of images.

    Writers without a name get the manifest's, or the folder's.
    """
    path = pathlib.Path(path)
    if is_numbered(path):
        return store_samples(path, characters, settings.skip_unknown_characters)
    if path.is_dir() and not (path / "manifest.json").is_file():
        return folder_samples(path, characters, settings.skip_unknown_characters)
    manifest = path / "manifest.json" if path.is_dir() else path
    return read_manifest(
        manifest,
        characters,
        writer_pattern=settings.writer_pattern,
        skip_unknown=settings.skip_unknown_characters,
        writer=path.resolve().name if path.is_dir() else path.stem,
    )


def load_images(settings, manifest, characters, kind):
    """The store of the cleaned images of a manifest, or of another store."""
    samples = load_samples(settings, manifest, characters)
    size = settings.image_size
    return prepared.cleaned(settings.cache, samples, characters, size, kind)


def load_tokenizer(settings, characters):
    """The tokenizer of `--structure_file`, checked to know every character."""
    path = settings.structure_file
    tokenizer = StructureTokenizer.for_characters(characters, path)
    missing = [c for c in characters if c not in tokenizer.structures]
    if missing:
        raise InputError(
            f"--structure_file has no structure of {brief(missing)}; add them."
        )
    return tokenizer
