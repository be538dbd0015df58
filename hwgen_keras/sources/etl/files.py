"""Finds the files of the ETL Character Database by their names and sizes."""

import dataclasses
import os
import pathlib
import re

import numpy as np

from hwgen_keras.errors import InputError
from hwgen_keras.sources.etl.layouts import LAYOUTS

# Set: type of its records, and pattern of its file names, on disk or in AIST's pages.
_SETS = {
    "ETL1": ("M", r"ETL1()C[-_](\d{1,2})"),
    "ETL2": ("K", r"ETL2()[-_](\d{1,2})"),
    "ETL3": ("C", r"ETL3()C[-_](\d{1,2})"),
    "ETL4": ("C", r"ETL4()C(?:[-_](\d{1,2}))?"),
    "ETL5": ("C", r"ETL5()C(?:[-_](\d{1,2}))?"),
    "ETL6": ("M", r"ETL6()C[-_](\d{1,2})"),
    "ETL7": ("M", r"ETL7(LC|SC)[-_](\d{1,2})"),
    "ETL8B": ("8B", r"ETL8B2?()(?:C|[-_]C?)(\d{1,2})"),
    "ETL8G": ("8G", r"ETL8G()[-_](\d{1,2})"),
    "ETL9B": ("9B", r"ETL9B()[-_](\d{1,2})"),
    "ETL9G": ("9G", r"ETL9G()[-_](\d{1,2})"),
}
SETS = tuple(_SETS)
# Number of dummy records at the beginning of files of a type.
_DUMMIES = {"8B": 1, "9B": 1}


@dataclasses.dataclass(frozen=True)
class EtlFile:
    """A file of the database."""

    path: pathlib.Path
    set: str  # one of `SETS`
    name: str  # independent of the spelling on disk: `ETL8B-1`
    number: int  # in its set, from 1
    records: int  # number of them, without the dummy

    @property
    def layout(self):
        return LAYOUTS[_SETS[self.set][0]]

    def read(self, start, stop):
        """The records from `start` to before `stop`: uint8 (n, bytes of a record).

        Raises:
            InputError: the file cannot be read, or has become shorter.
        """
        size, dummies = self.layout.size, _DUMMIES.get(self.layout.name, 0)
        count = max(0, min(stop, self.records) - start)
        try:
            with open(self.path, "rb") as file:
                file.seek((dummies + start) * size)
                content = file.read(count * size)
        except OSError as error:
            raise InputError(
                f"The ETL file {self.path} cannot be read ({error.strerror})."
            ) from None
        if len(content) != count * size:
            raise InputError(
                f"The ETL file {self.path} became shorter while it was read; copy it "
                "again."
            )
        return np.frombuffer(content, np.uint8).reshape(count, size)

    def blocks(self, size):
        """Yields (position of the first, records) for `size` records at a time."""
        for start in range(0, self.records, size):
            yield start, self.read(start, start + size)


def etl_file(path):
    """The `EtlFile` at `path`, or None if its name is of no set.

    Raises:
        InputError: the size is not a whole number of records.
    """
    path = pathlib.Path(path)
    name, match = _recognise(path.name)
    if name is None:
        return None
    kind = _SETS[name][0]
    try:
        size = path.stat().st_size
    except OSError as error:
        raise InputError(
            f"The ETL file {path} cannot be read ({error.strerror})."
        ) from None
    records, rest = divmod(size, LAYOUTS[kind].size)
    if rest:
        raise InputError(
            f"The ETL file {path} has {size} bytes, which is {rest} more than a whole "
            f"number of records of {LAYOUTS[kind].size} bytes; it was truncated or is "
            "not of this set, so copy it again."
        )
    records -= _DUMMIES.get(kind, 0)
    if records <= 0:
        raise InputError(f"The ETL file {path} holds no record; copy it again.")
    variant, number = match[1].upper(), int(match[2] or 1)
    return EtlFile(path, name, f"{name}{variant}-{number}", number, records)


def find_etl_files(paths, sets=None):
    """Finds the files of the database among files and in folders, to any depth.

    Args:
        paths: folders, or files.
        sets: names of sets, from `SETS`; None for all.

    Returns:
        A list of `EtlFile` in the order of the sets and numbers, and a list of the
        paths of all other files, as strings, since there may be a million.

    Raises:
        InputError: a path or set does not exist, a set has no file, a file occurs
            twice or has a wrong size.
    """
    unknown = [name for name in sets or () if name not in SETS]
    if unknown:
        raise InputError(
            f"There is no ETL set {', '.join(unknown)}; choose from {', '.join(SETS)}."
        )
    wanted = set(sets or SETS)
    files: dict[str, EtlFile] = {}
    others = []
    for path in _walk(paths):
        # Files of other sets are not checked.
        if _recognise(os.path.basename(path))[0] not in wanted:
            others.append(path)
            continue
        file = etl_file(path)
        twin = files.setdefault(file.name, file)
        if twin is not file and not os.path.samefile(twin.path, path):
            raise InputError(
                f"{twin.path} and {path} are both file {file.number} of {file.set}; "
                "remove one of them."
            )
    if not files:
        raise InputError(
            f"There is no ETL file in {', '.join(map(str, paths))}; give the folder "
            "with files such as ETL1C_01 or ETL9B_1."
        )
    missing = wanted - {file.set for file in files.values()} if sets else ()
    if missing:
        raise InputError(
            f"There is no file of {', '.join(sorted(missing))} in "
            f"{', '.join(map(str, paths))}; check the folder or leave out the set."
        )
    ordered = sorted(files.values(), key=lambda f: (f.name.split("-")[0], f.number))
    return sorted(ordered, key=lambda file: SETS.index(file.set)), others


def _recognise(file_name):
    """The set of a file name and the match of its pattern; None for both."""
    for name, (_, pattern) in _SETS.items():
        match = re.fullmatch(pattern, file_name, re.IGNORECASE | re.ASCII)
        if match:
            return name, match
    return None, None


def _walk(paths):
    """Yields the paths of all files, as strings, in the order of their names."""

    def refuse(error):
        raise InputError(f"{error.filename} cannot be read ({error.strerror}).")

    for path in paths:
        if os.path.isfile(path):
            yield str(path)
            continue
        if not os.path.isdir(path):
            raise InputError(f"The folder {path} does not exist; check the path.")
        for folder, folders, names in os.walk(path, onerror=refuse):
            folders.sort()
            yield from (os.path.join(folder, name) for name in sorted(names))
