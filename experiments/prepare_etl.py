"""python -m experiments.prepare_etl --etl=FOLDER --output=FOLDER

Reads the binary files of the ETL Character Database (ETL1 to ETL9), on all cores.
Writes to <output>: scans.store, every image exactly as it was scanned, black on white,
or with --cleaning as the original prepares it; all.json, train.json, val.json,
test.json, manifests split by writer, and printed.json of printed characters; sheets/,
pictures of each set and their characters; with --png,
png/<code point>/<writer>-<file>-<record>.png. After an interruption the same command
resumes. docs/how-to/etl.md explains the files and the names of the writers.
"""

import dataclasses
import functools
import pathlib

import lazy_loader

from hwgen_keras import data, parallel, sources
from hwgen_keras.errors import InputError
from hwgen_keras.files import locked_folder, output_folder, writable
from hwgen_keras.settings import NOTHING, Output, Seed, setting

from . import etl, flags

np = lazy_loader.load("numpy")

PARTS = ("train", "val", "test")
# Images of a part of the store, which is written in one go.
PART_IMAGES = 8192


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(Seed, Output):
    """Settings of the reading of the database."""

    # The request names the files themselves.
    etl: tuple[str, ...] = setting(
        (),
        "Folder that is searched for files of the database (ETL1C_01, ETL9B_1, ...); "
        "may be given several times.",
        changes=NOTHING,
        required=True,
    )
    sets: tuple[str, ...] = setting(
        (),
        "Sets to read, joined by commas, such as ETL8G,ETL9B; default: all found.",
        changes=NOTHING,
        separator=",",
    )
    co59: str | None = setting(
        None, "AIST's table of the codes of ETL2, euc_co59.dat.", changes=NOTHING
    )
    fractions: str = setting(
        "0.8,0.1,0.1",
        "Shares of each set's writers in train.json, val.json and test.json.",
    )
    models: bool = setting(
        False, "Keep the printed models of ETL8 and ETL9, in printed.json."
    )
    marks: bool = setting(False, "Keep the marks ゛ and ゜ that stand alone in ETL7.")
    skip_unknown_characters: bool = setting(
        False,
        "Leave out records whose code stands for no character, instead of failing.",
    )
    cleaning: str = setting(
        "none",
        "Keep the images as they were scanned (none), or store them as the original "
        "prepares them for its generator (original), CLIP or recogniser: borders cut "
        "off, scaled to a square, Otsu's black and white.",
        choices=("none", "original", "original_clip", "original_recogniser"),
    )
    png: bool = setting(False, "Write the images as PNG files, too.")
    workers: int | None = setting(
        None,
        "Number of processes; default: as many as cores.",
        changes=NOTHING,
        above=0,
    )

    def shares(self):
        """The three numbers of `--fractions`."""
        try:
            shares = [float(number) for number in self.fractions.split(",")]
        except ValueError:
            shares = []
        fits = len(shares) == len(PARTS) and all(share > 0 for share in shares)
        if not fits or abs(sum(shares) - 1) > 1e-6:
            raise InputError(
                f"--fractions is {self.fractions}; give three positive numbers with "
                "the sum 1, such as 0.8,0.1,0.1."
            )
        return shares

    def check(self):
        super().check()
        self.shares()


def main(settings):
    files, others = sources.etl.find_etl_files(settings.etl, settings.sets or None)
    co59 = settings.co59 and sources.etl.read_co59(settings.co59)
    for file in files:
        sources.etl.check_table(file, co59)
    etl.report_files(files, others)

    output = pathlib.Path(settings.output)
    path = output / "scans.store"
    with locked_folder(output, "--output"), writable(output, "--output"):
        request = etl.request_of(settings, files)
        if output_folder.begin(output, request, path.name, etl.EARLIER):
            print(f"{output} is complete already.")
            return path
        contents = read(settings, files, co59)
        store = write(settings, contents, output)
        split(store, output, settings.shares(), settings.seed)
        etl.write_sheets(path, output / "sheets")
        output_folder.finish(output)
    print(f"{len(store)} images. Saved {path}")
    return path


def read(settings, files, co59):
    """The contents of all files, without the images."""
    function = functools.partial(
        sources.etl.read_contents,
        models=settings.models,
        marks=settings.marks,
        co59=co59,
        skip_unknown=settings.skip_unknown_characters,
    )
    jobs, weights = [(file,) for file in files], [file.records for file in files]
    bar = ("record", "reading", weights, settings.workers)
    results = dict(parallel.each(function, jobs, *bar))
    contents = [results[index] for index in range(len(files))]
    for content in contents:
        if content.unknown:
            unknown = sources.etl.describe_unknown(content.file, content.unknown)
            print(f"Left out: {unknown}.")
    if not any(map(len, contents)):
        raise InputError(
            f"--etl: the {len(files)} files hold no handwriting; --models keeps what "
            "is printed."
        )
    return contents


def write(settings, contents, output):
    """The store of all images, from parts that survive an interruption."""
    folder = output / "png" if settings.png else None
    paths, jobs = [], []
    for content in contents:
        for start in range(0, len(content), PART_IMAGES):
            path = output / "parts" / f"{content.file.name}-{start:06d}.store"
            paths.append(path)
            if not path.exists():
                part = content.part(start, start + PART_IMAGES)
                jobs.append((part, path, folder, settings.cleaning))
    if len(jobs) < len(paths):
        print(f"Skipped {len(paths) - len(jobs)} of {len(paths)} parts that are done.")
    weights = [len(part) for part, *_ in jobs]
    bar = ("image", "writing", weights, settings.workers)
    list(parallel.each(data.write_etl_store, jobs, *bar))
    return data.concatenate_stores(paths, output / "scans.store")


def split(store, output, fractions, seed):
    """Writes the manifests; no writer is in two of the parts."""
    written = store.kinds != data.FONT
    writers = [store.source_names[i] for i in np.unique(store.sources[written])]
    chosen = {"printed": ~written, "all": written}
    parts = data.split_etl_writers(writers, fractions, seed)
    for name, part in zip(PARTS, parts, strict=True):
        mask = np.array([source in part for source in store.source_names])
        chosen[name] = written & mask[store.sources]
        print(f"{name}: {len(part)} writers, {np.count_nonzero(chosen[name])} images")
    for name, mask in chosen.items():
        if mask.any():
            path = output / f"{name}.json"
            data.write_store_manifest(path, store, "scans.store", mask)


if __name__ == "__main__":
    flags.run(main, Settings, __doc__)
