"""Reads a file of the ETL Character Database: characters, writers and images."""

import collections
import dataclasses
import re

import numpy as np

from hwgen_keras.errors import InputError
from hwgen_keras.sources.etl.codes import MARKS, characters_of
from hwgen_keras.sources.etl.files import EtlFile
from hwgen_keras.sources.etl.images import png_files

_BLOCK_BYTES = 1 << 23
# Set: images of a data set, which has one writer; data sets of a file; (number of the
# file that ends with printed models, number of them).
_DATA_SETS = {
    "ETL8B": (956, None, (3, 956)),
    "ETL8G": (956, 5, (33, None)),
    "ETL9B": (3036, 40, (5, 3036)),
    "ETL9G": (3036, 4, None),
}
_T56 = "0123456789[#@:>? ABCDEFGHI&.](<  JKLMNOPQR-$*);'|/STUVWXYZ ,%=\"!"


@dataclasses.dataclass(frozen=True)
class Contents:
    """The n samples of a file."""

    file: EtlFile
    records: np.ndarray  # int64 (n,), positions in the file, ascending
    characters: np.ndarray  # strings (n,), of one character each
    source_ids: np.ndarray  # int64 (n,), positions in `sources`
    sources: tuple  # names of writers or printed styles: `ETL9G-017`
    printed: np.ndarray  # bool (n,); False is handwriting
    unknown: dict  # {code without a character: number of records left out}

    def __len__(self):
        return len(self.records)

    def part(self, start, stop):
        """The samples from `start` to before `stop`."""
        arrays = "records", "characters", "source_ids", "printed"
        parts = {name: getattr(self, name)[start:stop] for name in arrays}
        return dataclasses.replace(self, **parts)

    def images(self):
        """Yields (number of the sample, PNG file as bytes), a block at a time."""
        for numbers, records in self._blocks():
            yield from zip(
                numbers.tolist(), png_files(self.file.layout, records), strict=True
            )

    def levels(self):
        """Yields (numbers of samples, levels of their pixels), a block at a time."""
        for numbers, records in self._blocks():
            yield numbers, self.file.layout.levels(records)

    def _blocks(self):
        size = _block_size(self.file)
        ends = np.searchsorted(self.records, np.arange(size, self.file.records, size))
        for numbers in np.split(np.arange(len(self)), ends):
            if len(numbers):
                positions = self.records[numbers]
                first = int(positions[0])
                records = self.file.read(first, int(positions[-1]) + 1)
                yield numbers, records[positions - first]


def read_contents(file, *, models=False, marks=False, co59=None, skip_unknown=False):
    """Reads the descriptions of a file's records, without their images.

    Args:
        file: an `EtlFile`.
        models: whether to keep the printed models of ETL8 and ETL9.
        marks: whether to keep the marks ゛ and ゜ of ETL7.
        co59: the table of `read_co59`; ETL2 needs it.
        skip_unknown: whether to leave out records with unknown codes.

    Returns:
        The `Contents`.

    Raises:
        InputError: the file cannot be read, the table is missing, a code is unknown,
            or there are too many data sets.
    """
    check_table(file, co59)
    codes, sources = _fields(file)
    characters = characters_of(file.set, codes, co59)
    models_from = _first_model(file)
    printed = np.arange(file.records) >= models_from
    if file.set == "ETL2":
        printed[:] = True
    else:
        numbers = _writers(file, codes[:models_from], sources)
        sources = _named(file, numbers, file.records - models_from)

    known = characters != ""
    unknown = dict(collections.Counter(codes[~known].tolist()))
    if unknown and not skip_unknown:
        raise InputError(
            f"{describe_unknown(file, unknown)}; copy the file again, or leave them "
            "out with --skip_unknown_characters."
        )
    kept = known & (models | ~printed | (file.set == "ETL2"))
    if not marks:
        kept &= ~np.isin(characters, MARKS)
    names, ids = np.unique(sources[kept], return_inverse=True)
    return Contents(
        file,
        np.flatnonzero(kept),
        characters[kept],
        ids.reshape(-1),
        tuple(names.tolist()),
        printed[kept],
        unknown,
    )


def check_table(file, co59):
    """Raises InputError if the file is of ETL2 and the table of its codes is None."""
    if file.set == "ETL2" and co59 is None:
        raise InputError(
            f"{file.path} is of ETL2, whose codes need AIST's table: give "
            "--co59=euc_co59.dat, or name the other sets with --sets."
        )


def describe_unknown(file, unknown):
    """A sentence without its full stop: the unknown codes of a file."""
    common = collections.Counter(unknown).most_common(5)
    listed = ", ".join(f"0x{code:02X} ({count})" for code, count in common)
    if len(unknown) > 5:
        listed += f" and {len(unknown) - 5} more"
    return (
        f"{file.path} has codes without a character in "
        f"{sum(unknown.values())} of its {file.records} records: {listed}"
    )


def _block_size(file):
    return max(1, _BLOCK_BYTES // file.layout.size)


def _fields(file):
    """The codes of all records, and their sheets, or the styles of ETL2."""
    layout, codes, others = file.layout, [], []
    for _, records in file.blocks(_block_size(file)):
        codes.append(layout.field(records, layout.code))
        if file.set == "ETL2":
            others.append(_styles(layout.field(records, "style")))
        else:
            others.append(layout.field(records, "sheet"))
    return np.concatenate(codes).astype(np.int64), np.concatenate(others)


def _styles(codes):
    """Names of the printed styles from six T56 characters each: ETL2-MINCHO."""
    styles, inverse = np.unique(codes, axis=0, return_inverse=True)
    texts = ["".join(_T56[code] for code in style) for style in styles]
    # The name may become part of a file name.
    texts = [re.sub(r"[^0-9A-Z]+", "-", text).strip("-") for text in texts]
    names = np.array([f"ETL2-{text}" if text else "ETL2" for text in texts])
    return names[inverse.reshape(-1)]


def _first_model(file):
    """Position of the first printed record; the number of records if none is."""
    _, _, models = _DATA_SETS.get(file.set, (None, None, None))
    if models is None or models[0] != file.number:
        return file.records
    return max(0, file.records - models[1]) if models[1] else 0


def _writers(file, codes, sheets):
    """The sheet, or the number of the data set from 1, of handwritten records."""
    if file.set not in _DATA_SETS:
        return sheets[: len(codes)].astype(np.int64)
    size, of_file, _ = _DATA_SETS[file.set]
    if file.set == "ETL8B":
        return 1 + _among_equals(codes)
    blocks = np.arange(len(codes)) // size
    pairs = blocks * (1 << 16) + codes
    # Files of ETL9B may be sorted by character instead.
    if file.set == "ETL9B" and len(np.unique(pairs)) < len(pairs):
        blocks = _among_equals(codes)
    elif len(codes) and blocks[-1] >= of_file:
        raise InputError(
            f"{file.path} has {len(codes)} handwritten records, more than the "
            f"{of_file} data sets of {size} in a file of {file.set}; give the files as "
            "AIST has them, since the positions identify the writers."
        )
    return 1 + (file.number - 1) * of_file + blocks


def _among_equals(codes):
    """The number of equal codes before each."""
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    counts = np.empty(len(codes), np.int64)
    counts[order] = np.arange(len(codes)) - np.searchsorted(ordered, ordered)
    return counts


def _named(file, numbers, models):
    """Names of the sources: the writers', and one for the printed models."""
    digits = 3 if file.set in _DATA_SETS else 4
    values, inverse = np.unique(numbers, return_inverse=True)
    names = [f"{file.set}-{value:0{digits}d}" for value in values.tolist()]
    positions = np.append(inverse, np.full(models, len(names)))
    return np.array([*names, f"{file.set}-models"])[positions]
