"""Labelled images as WebDataset shards: plain tar files that hold three files an image.

`<key>.cls` is the class id, `<key>.json` {"character", "writer", "label", "row"}, and
`<key>.png` the image. The key is the row, with zeros before it, so that keys sort.
"""

import io
import json
import tarfile

from hwgen_keras.errors import InputError, loading

BLOCK = 512  # bytes; a tar file is made of blocks
_KEY = "{:09d}"
# More is no label of an image.
_MOST_JSON = 1 << 20


def size_of(png_bytes):
    """Bytes that an image takes in a shard: three headers and three files."""
    return 5 * BLOCK + -(-png_bytes // BLOCK) * BLOCK


def write_webdataset(path, examples):
    """Writes images as one shard, the same bytes each time.

    Args:
        path: a partial file, which grows image by image.
        examples: iterable of (png, label, character, writer, row).
    """
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        for png, label, character, writer, row in examples:
            about = {"character": character, "writer": writer}
            about |= {"label": label, "row": row}
            text = json.dumps(about, ensure_ascii=False)
            files = {"cls": str(label).encode(), "json": text.encode(), "png": png}
            for ending, content in files.items():
                # No time and no owner: another run writes the same.
                header = tarfile.TarInfo(f"{_KEY.format(row)}.{ending}")
                header.size = len(content)
                archive.addfile(header, io.BytesIO(content))


def read_webdataset(path):
    """Yields the (png, character, writer) of each image of a shard.

    Raises:
        InputError: it is no plain tar file, or an image has no `.json` with its
            character.
    """
    examples: dict[str, dict[str, bytes]] = {}
    with loading(path, "a tar file"), tarfile.open(path, "r:") as archive:
        for member in archive:
            key, ending = _split(member.name)
            file = archive.extractfile(member)
            if file is None:  # A folder.
                continue
            files = examples.setdefault(key, {})
            if ending in ("png", "json"):
                files[ending] = file.read(-1 if ending == "png" else _MOST_JSON)
    for key, files in examples.items():
        yield _example(path, key, files)


def _split(name):
    """The key and the ending of a member, as WebDataset parts them."""
    folder, slash, file = name.rpartition("/")
    stem, _, ending = file.partition(".")
    return folder + slash + stem, ending.lower()


def _example(path, key, files):
    try:
        about = json.loads(files["json"])
        character, writer = about["character"], about.get("writer") or ""
        return files["png"], character, writer
    except (KeyError, TypeError, AttributeError, ValueError, RecursionError):
        raise InputError(
            f"{path}: {key} has no .png, or no .json with its character; give a shard "
            "as `generate --format=webdataset` writes it."
        ) from None
