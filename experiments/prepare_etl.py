"""python -m experiments.prepare_etl --etl=FOLDER --output=FOLDER

Reads the binary files of the ETL Character Database (ETL1 to ETL9), on all cores.
Writes to <output>: scans.store, every image exactly as it was scanned, black on white;
all.json, train.json, val.json, test.json, manifests split by writer, and printed.json
of what nobody wrote by hand; sheets/, a few images of each set to look at, and the
characters of the rows; with --png, png/<code point>/<writer>-<file>-<record>.png. What
is interrupted goes on with the same command. docs/how-to/etl.md says which files, and what the
names of the writers rest on.
"""

from .flags import common

FLAGS = ("seed",)
EXTRA = {
    "output": (
        common.flags.DEFINE_string,
        None,
        "Folder for the store and the manifests; what was begun there goes on.",
    ),
    "etl": (
        common.flags.DEFINE_multi_string,
        [],
        "Folder that is searched for files of the database (ETL1C_01, ETL9B_1, ...); "
        "may be given several times.",
    ),
    "sets": (
        common.flags.DEFINE_string,
        None,
        "Sets to read, joined by commas, such as ETL8G,ETL9B; default: all found.",
    ),
    "fractions": (
        common.flags.DEFINE_string,
        "0.8,0.1,0.1",
        "Shares of each set's writers in train.json, val.json and test.json.",
    ),
    "models": (
        common.flags.DEFINE_boolean,
        False,
        "Keep the printed models of ETL8 and ETL9, in printed.json.",
    ),
    "marks": (
        common.flags.DEFINE_boolean,
        False,
        "Keep the marks ゛ and ゜ that stand alone in ETL7.",
    ),
    "skip_unknown_characters": (
        common.flags.DEFINE_boolean,
        False,
        "Leave out records whose code stands for no character, instead of failing.",
    ),
    "co59": (
        common.flags.DEFINE_string,
        None,
        "AIST's table of the codes of ETL2, euc_co59.dat.",
    ),
    "png": (common.flags.DEFINE_boolean, False, "Write the images as PNG files, too."),
    "workers": (
        common.flags.DEFINE_integer,
        None,
        "Processes to work with; default: as many as cores.",
    ),
}
_PARTS = ("train", "val", "test")
# Images of a part of the store, which is written in one go.
_PART_IMAGES = 8192


def main(options):
    import pathlib

    from hwgen_keras.errors import InputError
    from hwgen_keras.files import locked_folder, output_folder
    from hwgen_keras.sources import etl

    if not options.etl:
        raise InputError("--etl is needed: the folder of the ETL files.")
    if options.output is None:
        raise InputError("--output is needed: the folder for the store.")
    common.check_positive(options, "workers")
    fractions = _fractions(options.fractions)
    sets = options.sets.split(",") if options.sets else None
    files, others = etl.find_etl_files(options.etl, sets)
    co59 = _co59(options, files)
    _tell_files(files, others)
    output = pathlib.Path(options.output)
    try:
        with locked_folder(output, "--output"):
            request = _request(options, files, fractions)
            if output_folder.begin(output, request, "scans.store"):
                print(f"{output} is complete; nothing is to do.")
                return output / "scans.store"
            contents = _read(options, files, co59)
            store = _write(options, contents, output)
            _split(store, output, fractions, options.seed)
            _draw_sheets(output / "scans.store", output / "sheets")
            output_folder.finish(output)
    except OSError as error:
        raise InputError(
            f"--output {output} cannot be written ({error.strerror}); free some space "
            "or choose another folder."
        ) from None
    print(f"{len(store)} images. Saved {output / 'scans.store'}")
    return output / "scans.store"


def _fractions(text):
    from hwgen_keras.errors import InputError

    try:
        fractions = [float(number) for number in text.split(",")]
    except ValueError:
        fractions = []
    positive = len(fractions) == len(_PARTS) and all(f > 0 for f in fractions)
    if not positive or abs(sum(fractions) - 1) > 1e-6:
        raise InputError(
            f"--fractions is {text}; give three positive numbers with the sum 1, such "
            "as 0.8,0.1,0.1."
        )
    return fractions


def _co59(options, files):
    from hwgen_keras.errors import InputError
    from hwgen_keras.sources import etl

    if options.co59 is not None:
        return etl.read_co59(options.co59)
    printed = [file.path for file in files if file.set == "ETL2"]
    if printed:
        raise InputError(
            f"{printed[0]} is of ETL2, whose codes need AIST's table: give "
            "--co59=euc_co59.dat, or name the other sets with --sets."
        )
    return None


def _tell_files(files, others):
    import pathlib

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
    families = {name[:4] for name in sets if name[-1] in "BG"}
    for family in sorted(families):
        if {f"{family}B", f"{family}G"} <= set(sets):
            print(f"{family}B and {family}G are the same handwriting, taken twice.")


def _request(options, files, fractions):
    """What decides the result, as JSON."""
    import pathlib
    import zlib

    from hwgen_keras import __version__

    def head(file):
        return zlib.crc32(file.read(0, 8).tobytes())

    status = [file.path.stat() for file in files]
    names = ("seed", "skip_unknown_characters", "models", "marks", "png")
    table = options.co59 and zlib.crc32(pathlib.Path(options.co59).read_bytes())
    return {
        "ETL files": [
            [file.name, s.st_size, s.st_mtime_ns, head(file)]
            for file, s in zip(files, status, strict=True)
        ],
        "fractions": fractions,
        "CO-59 table": table,
        "versions of this program": __version__,
        **{f"--{name}": getattr(options, name) for name in names},
    }


def _read(options, files, co59):
    """The contents of all files, without the images."""
    import functools

    from hwgen_keras import parallel
    from hwgen_keras.errors import InputError
    from hwgen_keras.sources import etl

    function = functools.partial(
        etl.read_contents,
        models=options.models,
        marks=options.marks,
        co59=co59,
        skip_unknown=options.skip_unknown_characters,
    )
    jobs, weights = [(file,) for file in files], [file.records for file in files]
    results = parallel.each(
        function, jobs, "record", "reading", weights, options.workers
    )
    contents = [result for _, result in sorted(results, key=lambda item: item[0])]
    for found in contents:
        if found.unknown:
            print(f"Left out: {etl.tell_unknown(found.file, found.unknown)}.")
    if not any(map(len, contents)):
        raise InputError(
            f"--etl: the {len(files)} files hold no handwriting; --models keeps what "
            "is printed."
        )
    return contents


def _write(options, contents, output):
    """The store of all images, by way of parts, which survive an interruption."""
    from hwgen_keras import parallel
    from hwgen_keras.data import concatenate_stores
    from hwgen_keras.data.etl_store import write_etl_store

    folder = output / "png" if options.png else None
    paths, jobs = [], []
    for found in contents:
        for start in range(0, len(found), _PART_IMAGES):
            path = output / "parts" / f"{found.file.name}-{start:06d}.store"
            paths.append(path)
            if not path.exists():
                jobs.append((found.part(start, start + _PART_IMAGES), path, folder))
    if len(jobs) < len(paths):
        print(f"Skipped {len(paths) - len(jobs)} of {len(paths)} parts that are done.")
    weights = [len(part) for part, _, _ in jobs]
    for _ in parallel.each(
        write_etl_store, jobs, "image", "writing", weights, options.workers
    ):
        pass
    return concatenate_stores(paths, output / "scans.store")


def _split(store, output, fractions, seed):
    """Writes the manifests; no writer is in two of the parts."""
    import numpy as np

    from hwgen_keras.data import FONT
    from hwgen_keras.data.etl_store import split_etl_writers, write_store_manifest

    written = store.kinds != FONT
    writers = [store.source_names[i] for i in np.unique(store.sources[written])]
    chosen = {"printed": ~written, "all": written}
    parts = split_etl_writers(writers, fractions, seed)
    for name, part in zip(_PARTS, parts, strict=True):
        mask = np.array([source in part for source in store.source_names])
        chosen[name] = written & mask[store.sources]
        print(f"{name}: {len(part)} writers, {np.count_nonzero(chosen[name])} images")
    for name, mask in chosen.items():
        if mask.any():
            write_store_manifest(output / f"{name}.json", store, "scans.store", mask)


def _draw_sheets(path, folder, rows=24, columns=16):
    """A picture of each set, a row for a character; a text names the characters."""
    import numpy as np

    from hwgen_keras.data import ImageStore
    from hwgen_keras.evaluation import grid
    from hwgen_keras.files import complete_file, write_text

    def evenly(values, count):
        return values[np.unique(np.linspace(0, len(values) - 1, count).astype(int))]

    store = ImageStore.open(path)
    names = np.array([name.split("-")[0] for name in store.source_names])
    for name in np.unique(names):
        # Opened anew, or all that was read of the mapped file would count as memory.
        store = ImageStore.open(path)
        indices = np.flatnonzero((names == name)[store.sources])
        labels = evenly(np.unique(store.labels[indices]), rows)
        cells = []
        for label in labels:
            chosen = evenly(indices[store.labels[indices] == label], columns)
            cells += [store.decode_one(index) for index in chosen]
            cells += [np.full_like(cells[-1], 255)] * (columns - len(chosen))
        with complete_file(folder / f"{name}.png") as partial:
            grid(np.stack(cells), columns, 64).save(partial)
        characters = "".join(f"{store.characters[label]}\n" for label in labels)
        write_text(folder / f"{name}.txt", characters)


if __name__ == "__main__":
    common.run(main, __doc__, FLAGS, EXTRA)
