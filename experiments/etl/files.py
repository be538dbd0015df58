"""The files of the database: a report of them, and what identifies them."""

import pathlib
import zlib

from hwgen_keras import __version__
from hwgen_keras.settings import RESULT

# What requests that an earlier version recorded do not name, see `output_folder`.
EARLIER = {"--cleaning": "none"}


def report_files(files, others):
    """Prints the files and records of each set, and files that are ignored."""
    sets = {}
    for file in files:
        count, records = sets.get(file.set, (0, 0))
        sets[file.set] = count + 1, records + file.records
    for name, (count, records) in sets.items():
        print(f"{name}: {count} file{'s' * (count > 1)}, {records} records")
    if others:
        names = ", ".join(pathlib.Path(path).name for path in others[:5])
        more = f" and {len(others) - 5} more" if len(others) > 5 else ""
        print(f"Ignored {len(others)} other files: {names}{more}")
    for family in sorted({name[:4] for name in sets if name[-1] in "BG"}):
        if {f"{family}B", f"{family}G"} <= set(sets):
            print(f"{family}B and {family}G are the same handwriting, taken twice.")


def request_of(settings, files):
    """What decides the result, see `output_folder`."""
    status = [file.path.stat() for file in files]
    table = settings.co59 and zlib.crc32(pathlib.Path(settings.co59).read_bytes())
    return {
        "ETL files": [
            [file.name, s.st_size, s.st_mtime_ns, zlib.crc32(file.read(0, 8).tobytes())]
            for file, s in zip(files, status, strict=True)
        ],
        "CO-59 table": table,
        "versions of this program": __version__,
        **{f"--{name}": value for name, value in settings.values(RESULT).items()},
    }
