"""Labelled images as Parquet files, as Hugging Face's `datasets` writes them."""

import itertools
import json

from hwgen_keras.errors import InputError, loading

# Images of a row group, which a reader loads at once.
_ROWS = 1000
_READ = ("image", "character", "writer")


def size_of(png_bytes):
    """Bytes that an image takes in a file, roughly."""
    return png_bytes + 16


def write_parquet(path, examples, characters):
    """Writes images as one Parquet file.

    Its columns are `image`, {bytes: a PNG file, path: a name}; `character`; `writer`;
    `label`, the class id; and `row`. The schema tells `datasets` that the first is an
    image, and which character each class is.

    Args:
        path: a partial file, which grows group by group.
        examples: iterable of (png, label, character, writer, row).
        characters: the `CharacterSet` of the labels.
    """
    pa, parquet = pyarrow()
    schema = pa.schema(
        [
            ("image", pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
            ("character", pa.string()),
            ("writer", pa.string()),
            ("label", pa.int64()),
            ("row", pa.int64()),
        ],
        metadata={
            "huggingface": json.dumps({"info": {"features": _features(characters)}})
        },
    )
    examples = iter(examples)
    with parquet.ParquetWriter(
        path, schema, use_dictionary=["character", "writer"]
    ) as file:
        while group := list(itertools.islice(examples, _ROWS)):
            file.write_table(pa.Table.from_pylist([_row(e) for e in group], schema))


def _row(example):
    png, label, character, writer, row = example
    image = {"bytes": png, "path": f"{row:09d}.png"}
    return {
        **{"image": image, "character": character, "writer": writer},
        **{"label": label, "row": row},
    }


def _features(characters):
    """The columns as `datasets.Features` describes itself."""

    def value(kind):
        return {"dtype": kind, "_type": "Value"}

    return {
        "image": {"_type": "Image"},
        "character": value("string"),
        "writer": value("string"),
        "label": {"names": list(characters), "_type": "ClassLabel"},
        "row": value("int64"),
    }


def read_parquet(path):
    """Yields the (png, character, writer) of each row of a Parquet file.

    Raises:
        InputError: it is damaged, or lacks a column; or pyarrow is not installed.
    """
    _, parquet = pyarrow()
    with loading(path, "a Parquet file"), parquet.ParquetFile(path) as file:
        missing = [name for name in _READ if name not in file.schema_arrow.names]
        rows = [] if missing else file.read(list(_READ)).to_pylist()
    if missing:
        raise InputError(
            f"{path} has no column {missing[0]}; give a file as `generate "
            "--format=parquet` writes it."
        )
    for row in rows:
        image = row["image"]
        png = image.get("bytes") if isinstance(image, dict) else image
        yield png, row["character"], row["writer"] or ""


def pyarrow():
    """The modules pyarrow and pyarrow.parquet; InputError if they are not installed."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise InputError(
            "Parquet files need pyarrow, which is not installed; install it with `pip "
            "install 'hwgen_keras[parquet]'`, or choose another format."
        ) from None
    return pyarrow, pyarrow.parquet
