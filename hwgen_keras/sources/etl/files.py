"""Finding the files of the ETL Character Database by their names and sizes."""

import dataclasses
import os
import pathlib
import re

import numpy as np

from hwgen_keras.errors import InputError
from hwgen_keras.sources.etl.layouts import LAYOUTS

# Set: type of its records, and what its files are called, on disk or in AIST's pages.
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
# Records that a file of the type begins with and that are no samples.
_DUMMIES = {"8B": 1, "9B": 1}


@dataclasses.dataclass(frozen=True)
class EtlFile:
    """A file of the database.

    Attributes:
        path: where it is.
        set: the set it belongs to, one of `SETS`.
        name: what it is called here, however it is spelt on disk: `ETL8B-1`.
        number: of the file in its set, from 1.
        records: number of records without the dummy at the beginning.
    """

    path: pathlib.Path
    set: str
    name: str
    number: int
    records: int

    @property
    def layout(self):
        return LAYOUTS[_SETS[self.set][0]]

    @property
    def dummies(self):
        return _DUMMIES.get(self.layout.name, 0)

    def read(self, start, stop):
        """The records from `start` to before `stop`: uint8 (n, bytes of a record).

        Raises:
            InputError: the file cannot be read, or has become shorter.
        """
        size = self.layout.size
        count = max(0, min(stop, self.records) - start)
        try:
            with open(self.path, "rb") as file:
                file.seek((self.dummies + start) * size)
                content = file.read(count * size)
        except OSError as error:
            raise InputError(
                f"The ETL file {self.path} cannot be read ({error.strerror})."
            ) from None
        if len(content) != count * size:
            raise InputError(
                f"The ETL file {self.path} has become shorter while it was read; copy "
                "it again."
            )
        return np.frombuffer(content, np.uint8).reshape(count, size)

    def blocks(self, size):
        """Yields (position of the first, records) for `size` records at a time."""
        for start in range(0, self.records, size):
            yield start, self.read(start, start + size)


def etl_file(path):
    """The file of the database at `path`, or None if its name is not of one.

    Raises:
        InputError: the size does not fit the type of records.
    """
    path = pathlib.Path(path)
    name, found = _recognise(path.name)
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
    variant, number = found[1].upper(), int(found[2] or 1)
    return EtlFile(path, name, f"{name}{variant}-{number}", number, records)


def find_etl_files(paths, sets=None):
    """Finds the files of the database in folders and the folders in them.

    Args:
        paths: folders, or files.
        sets: names of the sets to look for, of `SETS`; None: all.

    Returns:
        A list of `EtlFile` in the order of the sets and numbers, and a list of the
        paths of all other files, as strings: there may be a million.

    Raises:
        InputError: a path or set does not exist, there is no file of a wanted set,
            a file is there twice, or has a size that does not fit.
    """
    unknown = [name for name in sets or () if name not in SETS]
    if unknown:
        raise InputError(
            f"There is no ETL set {', '.join(unknown)}; choose from {', '.join(SETS)}."
        )
    wanted = set(sets or SETS)
    found: dict[str, EtlFile] = {}
    others = []
    for path in _walk(paths):
        # A file of a set that nobody wants may be broken.
        if _recognise(os.path.basename(path))[0] not in wanted:
            others.append(path)
            continue
        file = etl_file(path)
        twin = found.setdefault(file.name, file)
        if twin is not file and not os.path.samefile(twin.path, path):
            raise InputError(
                f"{twin.path} and {path} are both file {file.number} of {file.set}; "
                "remove one of them."
            )
    if not found:
        raise InputError(
            f"There is no ETL file in {', '.join(map(str, paths))}; give the folder "
            "with files such as ETL1C_01 or ETL9B_1."
        )
    missing = wanted - {file.set for file in found.values()} if sets else ()
    if missing:
        raise InputError(
            f"There is no file of {', '.join(sorted(missing))} in "
            f"{', '.join(map(str, paths))}; check the folder or leave out the set."
        )
    order = {name: position for position, name in enumerate(SETS)}
    ordered = sorted(
        found.values(), key=lambda f: (order[f.set], f.name.split("-")[0], f.number)
    )
    return ordered, others


def _recognise(file_name):
    """The set that a file of this name belongs to, and the match; or None twice."""
    for name, (_, pattern) in _SETS.items():
        found = re.fullmatch(pattern, file_name, re.IGNORECASE | re.ASCII)
        if found:
            return name, found
    return None, None


def _walk(paths):
    """Paths of all files there, as strings, in the order of their names."""

    def complain(error):
        raise InputError(f"{error.filename} cannot be read ({error.strerror}).")

    for path in paths:
        if os.path.isfile(path):
            yield str(path)
            continue
        if not os.path.isdir(path):
            raise InputError(f"The folder {path} does not exist; check the path.")
        for folder, folders, names in os.walk(path, onerror=complain):
            folders.sort()
            yield from (os.path.join(folder, name) for name in sorted(names))
