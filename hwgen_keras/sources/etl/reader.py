"""What a file of the ETL Character Database holds: characters, writers, images."""

import collections
import dataclasses
import re

import numpy as np

from hwgen_keras.errors import InputError
from hwgen_keras.sources.etl.codes import MARKS, characters_of
from hwgen_keras.sources.etl.files import EtlFile
from hwgen_keras.sources.etl.images import png_files

_BLOCK_BYTES = 1 << 23
# Set: images of a data set, which is one writer; data sets of a file; printed records
# (models) at the end of which file, and how many.
_DATA_SETS = {
    "ETL8B": (956, None, (3, 956)),
    "ETL8G": (956, 5, (33, None)),
    "ETL9B": (3036, 40, (5, 3036)),
    "ETL9G": (3036, 4, None),
}
_T56 = "0123456789[#@:>? ABCDEFGHI&.](<  JKLMNOPQR-$*);'|/STUVWXYZ ,%=\"!"


@dataclasses.dataclass(frozen=True)
class Contents:
    """The samples of a file, one element of each array for each.

    Attributes:
        file: the `EtlFile`.
        records: int64 (n,), positions of the records in the file, ascending.
        characters: strings (n,), of one character each.
        source_ids: int64 (n,), positions in `sources`.
        sources: names of the writers, or of what was printed: `ETL9G-017`.
        printed: bool (n,), true of what nobody wrote by hand.
        unknown: {code: number of records} that stand for no character and were left
            out.
    """

    file: EtlFile
    records: np.ndarray
    characters: np.ndarray
    source_ids: np.ndarray
    sources: tuple
    printed: np.ndarray
    unknown: dict

    def __len__(self):
        return len(self.records)

    def part(self, start, stop):
        """The samples from `start` to before `stop`."""
        chosen = slice(start, stop)
        return dataclasses.replace(
            self,
            records=self.records[chosen],
            characters=self.characters[chosen],
            source_ids=self.source_ids[chosen],
            printed=self.printed[chosen],
        )

    def images(self):
        """Yields (number of the sample, PNG file as bytes), a block at a time."""
        for numbers, records in self._blocks():
            yield from zip(
                numbers.tolist(), png_files(self.file.layout, records), strict=True
            )

    def levels(self):
        """Yields (numbers of samples, pixels as recorded) of a block at a time."""
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
    """Reads what the records of a file are, and none of their images.

    Args:
        file: an `EtlFile`.
        models: keep the printed models of ETL8 and ETL9.
        marks: keep ゛ and ゜ standing alone, which ETL7 has.
        co59: the table of `read_co59`; ETL2 needs it.
        skip_unknown: leave out records whose code stands for no character.

    Returns:
        The `Contents`.

    Raises:
        InputError: the file cannot be read, the table is missing, a code is unknown,
            or there are more data sets than such a file has.
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
    """A sentence without its full stop: which codes of a file stand for nothing."""
    named = sorted(unknown.items(), key=lambda item: -item[1])
    listed = ", ".join(f"0x{code:02X} ({count})" for code, count in named[:5])
    if len(named) > 5:
        listed += f" and {len(named) - 5} more"
    return (
        f"{file.path} has codes that stand for no character in "
        f"{sum(unknown.values())} of its {file.records} records: {listed}"
    )


def _block_size(file):
    return max(1, _BLOCK_BYTES // file.layout.size)


def _fields(file):
    """The codes of all records, and the sheets, or the styles of ETL2."""
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
    # The name may become part of a file's.
    texts = [re.sub(r"[^0-9A-Z]+", "-", text).strip("-") for text in texts]
    names = np.array([f"ETL2-{text}" if text else "ETL2" for text in texts])
    return names[inverse.reshape(-1)]


def _first_model(file):
    """Position of the first printed record; the number of records if there is none."""
    _, _, models = _DATA_SETS.get(file.set, (None, None, None))
    if models is None or models[0] != file.number:
        return file.records
    return max(0, file.records - models[1]) if models[1] else 0


def _writers(file, codes, sheets):
    """Numbers of the writers of the handwritten records, from 1 where we count."""
    if file.set not in _DATA_SETS:
        return sheets[: len(codes)].astype(np.int64)
    size, of_file, _ = _DATA_SETS[file.set]
    positions = np.arange(len(codes))
    if file.set == "ETL8B":
        return 1 + _among_equals(codes)
    blocks = positions // size
    if file.set == "ETL9B" and not _all_different(codes, blocks):
        blocks = _among_equals(codes)
    elif len(codes) and blocks[-1] >= of_file:
        raise InputError(
            f"{file.path} has {len(codes)} handwritten records, more than the "
            f"{of_file} data sets of {size} in a file of {file.set}; give the files as "
            "AIST has them, so that the writers can be told apart."
        )
    return 1 + (file.number - 1) * of_file + blocks


def _all_different(codes, blocks):
    """Whether no code occurs twice in a block."""
    pairs = blocks * (1 << 16) + codes
    return len(np.unique(pairs)) == len(pairs)


def _among_equals(codes):
    """How many equal codes stand before each."""
    order = np.argsort(codes, kind="stable")
    ordered = codes[order]
    positions = np.arange(len(codes))
    first = np.r_[True, ordered[1:] != ordered[:-1]] if len(codes) else positions
    starts = np.maximum.accumulate(np.where(first, positions, 0))
    places = np.empty(len(codes), np.int64)
    places[order] = positions - starts
    return places


def _named(file, numbers, models):
    """Names of the sources: the writers', and one for the printed models."""
    digits = 3 if file.set in _DATA_SETS else 4
    values, inverse = np.unique(numbers, return_inverse=True)
    names = np.array([f"{file.set}-{value:0{digits}d}" for value in values.tolist()])
    printed = np.array([f"{file.set}-models"] * models)
    return np.concatenate([a for a in (names[inverse.reshape(-1)], printed) if len(a)])
