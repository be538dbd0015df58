"""What a bundle says of its model, and how it is written."""

import dataclasses
import hashlib
import pathlib
import re

from hwgen_keras import __version__
from hwgen_keras.characters import StructureTokenizer, read_structures
from hwgen_keras.errors import InputError
from hwgen_keras.files import sha256_of, write_json

FORMAT = 1
DESCRIPTION, CARD = "model.json", "README.md"
KINDS = ("generator", "diffusion", "classifier", "clip")
# What has the same name and form in the file and in a `Bundle`.
_ALIKE = (
    *("name", "kind", "image_size", "mode", "structures", "vocabulary_sha256"),
    *("files", "made_of"),
)


@dataclasses.dataclass(frozen=True)
class Bundle:
    """What the `model.json` of a folder says.

    Attributes:
        folder: `pathlib.Path` of the folder.
        name: of the model.
        kind: one of `KINDS`.
        image_size: side in pixels of the images it was trained on, or None.
        mode: what tells a generator the character: "adain" or "diffusion", alone or
            with "_" and the short name of a `Condition`, as in "adain_clip"; None of
            other kinds.
        characters: tuple in the order of the class ids, or None.
        structures: None if they are those of this package; else a dict of
            `vocabulary` (list of tokens), `length` and `structures`,
            {character: ["⿰ 女 子", …]}.
        vocabulary_sha256: of the vocabulary of the tokens, or None without tokens.
        files: {path in the folder, with "/": {"sha256": …, "bytes": …}}.
        made_of: what is known of the training, a dict for reading, not for programs.
        version: of hwgen_keras that wrote it.

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

    @property
    def condition(self):
        """The short name of a generator's `Condition`; "" if it has none."""
        return (self.mode or "").partition("_")[2]

    def tokenizer(self):
        """The `StructureTokenizer` of the model; None if it takes no tokens.

        Raises:
            InputError: the structures of this package are not those it was trained
                with.
        """
        if self.vocabulary_sha256 is None:
            return None
        where = self.folder / DESCRIPTION
        if self.structures is None:
            tokenizer = StructureTokenizer(read_structures())
        else:
            tokenizer = unpack_structures(self.structures, where)
        if vocabulary_digest(tokenizer) != self.vocabulary_sha256:
            raise InputError(
                f"{where}: the model was trained with other structures of characters "
                f"than it is used with; install hwgen_keras {self.version}."
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
):
    """Describes all files of a folder, but the card, in its `model.json`.

    Args:
        folder: with the files of the model, complete.
        name: of the model.
        kind: one of `KINDS`.
        image_size, mode, characters: see `Bundle`.
        tokenizer: the `StructureTokenizer` of a model that takes tokens, or None.
            Structures that are not those of this package are written down.
        made_of: a dict for JSON, see `made_of`.

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
    folder = pathlib.Path(folder)
    files = {}
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        relative = path.relative_to(folder).as_posix()
        if relative not in (DESCRIPTION, CARD):
            files[relative] = {
                "sha256": sha256_of(path),
                "bytes": path.stat().st_size,
            }
    structures = None
    if tokenizer is not None and not _packaged(tokenizer):
        structures = pack_structures(tokenizer)
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
    }
    write_json(folder / DESCRIPTION, description)
    return bundle_of(folder, description)


def pack_structures(tokenizer):
    """A tokenizer as JSON takes it, see `structures` of `Bundle`."""
    return {
        "vocabulary": list(tokenizer.vocabulary),
        "length": tokenizer.length,
        "structures": {
            character: [" ".join(alternative) for alternative in alternatives]
            for character, alternatives in tokenizer.structures.items()
        },
    }


def unpack_structures(packed, where):
    """The `StructureTokenizer` of what `pack_structures` returned.

    Raises:
        InputError: it is not what it must be; `where` says what is damaged.
    """
    try:
        structures = {
            character: tuple(tuple(text.split()) for text in alternatives)
            for character, alternatives in packed["structures"].items()
        }
        return StructureTokenizer(structures, packed["vocabulary"], packed["length"])
    except (KeyError, TypeError, AttributeError, InputError):
        raise InputError(
            f"{where} is damaged: structures is not what it must be; get the model "
            "again."
        ) from None


def vocabulary_digest(tokenizer):
    """SHA-256 of the tokens and the length by which a tokenizer makes its ids."""
    text = "\n".join([*tokenizer.vocabulary, str(tokenizer.length)])
    return hashlib.sha256(text.encode()).hexdigest()


def made_of(config):
    """What a `model.json` tells of the run that made the model.

    Paths are left out: they say nothing to others.

    Args:
        config: the run's `config.json`, a dict.
    """
    flags = {
        flag: value
        for flag, value in config.get("flags", {}).items()
        if isinstance(value, int | float)
        or (isinstance(value, str) and not re.search(r"[/\\]|\.\w+$", value))
    }
    for free in ("resume", "interval", "checkpoint_minutes", "keep_checkpoints"):
        flags.pop(free, None)
    kept = ("experiment", "started", "backend", "versions", "git_revision")
    return {name: config[name] for name in kept if name in config} | {
        "seed": flags.pop("seed", None),
        "flags": flags,
    }


def _packaged(tokenizer):
    packaged = StructureTokenizer(read_structures())
    return tokenizer.structures == packaged.structures and (
        vocabulary_digest(tokenizer) == vocabulary_digest(packaged)
    )


def bundle_of(folder, description):
    """The `Bundle` of a folder, for the content of its `model.json`."""
    characters = description["characters"]
    return Bundle(
        folder=folder,
        characters=None if characters is None else tuple(characters),
        version=description["hwgen_keras"],
        **{name: description[name] for name in _ALIKE},
    )
