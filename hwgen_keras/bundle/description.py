"""The description of a model in its folder, and how it is written."""

import dataclasses
import hashlib
import pathlib
import re

from hwgen_keras import __version__
from hwgen_keras.characters import StructureTokenizer, read_structures
from hwgen_keras.errors import InputError
from hwgen_keras.files import as_path, sha256_of, write_json

FORMAT = 1
DESCRIPTION, CARD = "model.json", "README.md"
KINDS = ("generator", "diffusion", "writer", "classifier", "clip")


@dataclasses.dataclass(frozen=True)
class Bundle:
    """The content of a folder's `model.json`.

    Attributes:
        folder: `pathlib.Path` of the folder.
        name: name of the model.
        kind: one of `KINDS`.
        image_size: side in pixels of the images it was trained on, or None.
        mode: network and condition of a generator: "adain" or "diffusion", alone or
            with "_" and the short name of a `Condition`, as in "adain_clip"; None for
            other kinds.
        characters: tuple in the order of the class ids, or None.
        structures: None if they are those of this package; else a dict of
            `vocabulary` (list of tokens), `length` and `structures`,
            {character: ["⿰ 女 子", …]}.
        vocabulary_sha256: digest of the token vocabulary, or None without tokens.
        files: {path in the folder, with "/": {"sha256": …, "bytes": …}}.
        made_of: facts of the training, a dict for people, not for programs.
        new_hands: of a stroke writer what its new hands are drawn from, see
            `StrokeTransformer.draw_frame`: {"mean": [7 numbers], "deviation": …}; None
            where it is unknown.
        version: version of hwgen_keras that wrote it.

    Example:
        >>> import pathlib
        >>> folder = pathlib.Path("jis1")
        >>> folder.mkdir()
        >>> bundle = hw.write_bundle(folder, name="jis1", kind="generator")
        >>> bundle.kind, bundle.tokenizer()
        ('generator', None)
    """

    folder: pathlib.Path
    name: str
    kind: str
    image_size: int | None
    mode: str | None
    characters: tuple[str, ...] | None
    structures: dict | None
    vocabulary_sha256: str | None
    files: dict
    made_of: dict
    version: str
    new_hands: dict | None = None

    @property
    def condition(self):
        """The short name of a generator's `Condition`; "" if it has none."""
        return (self.mode or "").partition("_")[2]

    def tokenizer(self):
        """The `StructureTokenizer` of the model; None if it takes no tokens.

        Raises:
            InputError: the model was trained with other structures than those of this
                package.
        """
        if self.vocabulary_sha256 is None:
            return None
        path = self.folder / DESCRIPTION
        if self.structures is None:
            tokenizer = StructureTokenizer(read_structures())
        else:
            tokenizer = unpack_structures(self.structures, path)
        if vocabulary_digest(tokenizer) != self.vocabulary_sha256:
            raise InputError(
                f"{path}: the model was trained with other structures of characters "
                f"than this package has; install hwgen_keras {self.version}."
            )
        return tokenizer


def write_bundle(
    folder,
    *,
    name,
    kind,
    image_size=None,
    mode=None,
    characters=None,
    tokenizer=None,
    made_of=None,
    new_hands=None,
):
    """Writes the `model.json` of a folder, which lists all its files but the card.

    Args:
        folder: the folder, with all files of the model.
        name, kind, image_size, mode, characters: see `Bundle`.
        tokenizer: the `StructureTokenizer` of a model that takes tokens, or None. Its
            structures are written if they are not those of this package.
        made_of: a dict for JSON, see `made_of`.
        new_hands: see `Bundle`.

    Returns:
        The `Bundle`.

    Example:
        >>> model = hw.Classifier(hw.ImageEncoder(widths=(8, 16)), classes=2)
        >>> model.build()
        >>> import pathlib
        >>> folder = pathlib.Path("kana")
        >>> folder.mkdir()
        >>> hw.save_model(model, folder / "model.keras")
        >>> bundle = hw.write_bundle(
        ...     folder, name="kana", kind="classifier", characters=("あ", "い")
        ... )
        >>> list(bundle.files)
        ['model.keras']
    """
    folder = as_path(folder, "The folder of the model")
    files = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        relative = path.relative_to(folder).as_posix()
        if relative not in (DESCRIPTION, CARD):
            size = path.stat().st_size
            files[relative] = {"sha256": sha256_of(path), "bytes": size}
    structures = None
    if tokenizer is not None:
        structures = pack_structures(tokenizer)
        if structures == pack_structures(StructureTokenizer(read_structures())):
            structures = None
    description = {
        "format": FORMAT,
        "hwgen_keras": __version__,
        "name": name,
        "kind": kind,
        "image_size": image_size,
        "mode": mode,
        "characters": None if characters is None else list(characters),
        "structures": structures,
        "vocabulary_sha256": tokenizer and vocabulary_digest(tokenizer),
        "files": files,
        "made_of": made_of or {},
        "new_hands": new_hands,
    }
    write_json(folder / DESCRIPTION, description)
    return bundle_of(folder, description)


def pack_structures(tokenizer):
    """A tokenizer as JSON, see `structures` of `Bundle`."""
    return {
        "vocabulary": list(tokenizer.vocabulary),
        "length": tokenizer.length,
        "structures": {
            character: [" ".join(alternative) for alternative in alternatives]
            for character, alternatives in tokenizer.structures.items()
        },
    }


def unpack_structures(packed, name):
    """The inverse of `pack_structures`; InputError about `name` if it is damaged."""
    try:
        structures = {
            character: tuple(tuple(text.split()) for text in alternatives)
            for character, alternatives in packed["structures"].items()
        }
        return StructureTokenizer(structures, packed["vocabulary"], packed["length"])
    except (KeyError, TypeError, AttributeError, InputError):
        raise InputError(
            f"{name} is damaged: structures has a wrong value; get the model again."
        ) from None


def vocabulary_digest(tokenizer):
    """SHA-256 of the vocabulary and the sequence length of a tokenizer."""
    text = "\n".join([*tokenizer.vocabulary, str(tokenizer.length)])
    return hashlib.sha256(text.encode()).hexdigest()


def made_of(config):
    """The facts of a run's `config.json`, a dict, for a `model.json`: no paths."""
    flags = {
        flag: value
        for flag, value in config.get("flags", {}).items()
        if isinstance(value, int | float)
        or (isinstance(value, str) and not re.search(r"[/\\]|\.\w+$", value))
    }
    for flag in ("resume", "interval", "checkpoint_minutes", "keep_checkpoints"):
        flags.pop(flag, None)
    kept = ("experiment", "started", "backend", "versions", "git_revision")
    return {name: config[name] for name in kept if name in config} | {
        "seed": flags.pop("seed", None),
        "flags": flags,
    }


def bundle_of(folder, description):
    """The `Bundle` of a folder with the content of its `model.json`."""
    characters = description["characters"]
    characters = None if characters is None else tuple(characters)
    values = {**description, "folder": folder, "characters": characters}
    values["version"] = description["hwgen_keras"]
    names = {field.name for field in dataclasses.fields(Bundle)}
    return Bundle(**{name: value for name, value in values.items() if name in names})
