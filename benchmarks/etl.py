"""python benchmarks/etl.py --sets=ETL9B,ETL8G

Writes synthetic files of a set's real size with noisy images into a temporary folder,
then prints how fast the records are read, without images, and how fast images go into
a store, both in one process; with --prepare also the rate and the memory of the whole
of prepare_etl, which works on all cores.
"""

import argparse
import pathlib
import resource
import tempfile
import time

import numpy as np

from hwgen_keras.data import write_etl_store
from hwgen_keras.sources import etl

# Set: files, data sets of a file, characters of a data set, a file's name, its dummy.
SETS = {
    "ETL8B": (3, 53, 956, "ETL8B2C{}", 1),
    "ETL8G": (32, 5, 956, "ETL8G_{:02d}", 0),
    "ETL9B": (5, 40, 3036, "ETL9B_{}", 1),
    "ETL9G": (50, 4, 3036, "ETL9G_{:02d}", 0),
}


def synthesise(folder, name, files):
    """Files of blurred discs on scanner noise, every character of JIS X 0208 once."""
    count, data_sets, characters, pattern, dummies = SETS[name]
    layout = etl.LAYOUTS[name[3:]]
    rng = np.random.default_rng(0)
    codes = np.array(
        [256 * row + cell for row in range(0x30, 0x74) for cell in range(0x21, 0x7F)]
    )
    codes = codes[(codes < 0x4F54) | (codes > 0x5000)][:characters]
    images = _images(layout, rng)
    for number in range(1, min(count, files or count) + 1):
        with open(folder / pattern.format(number), "wb") as file:
            file.write(bytes(dummies * layout.size))
            # The printed models end the last file of a binary set.
            models = number == count and name.endswith("B")
            for _ in range(data_sets + models):
                records = np.zeros((characters, layout.size), np.uint8)
                records[:, 2], records[:, 3] = codes >> 8, codes & 255
                chosen = images[rng.integers(0, len(images), characters)]
                layout.packed_images(records)[:] = chosen
                file.write(records.tobytes())


def _images(layout, rng, count=128):
    """Packed images: a ring of ink, and noise in the lower half of the levels."""
    y, x = np.mgrid[-1 : 1 : layout.height * 1j, -1 : 1 : layout.width * 1j]
    ring = np.exp(
        -(((np.hypot(x, y) - rng.uniform(0.3, 0.8, (count, 1, 1))) / 0.1) ** 2)
    )
    noise = rng.uniform(0, 0.3, ring.shape)
    if layout.depth == 1:
        return np.packbits(ring + noise > 0.6, axis=None).reshape(count, -1)
    levels = np.clip((ring + noise) * 15, 0, 15).astype(np.uint8)
    levels = levels.reshape(count, -1)
    return levels[:, ::2] << 4 | levels[:, 1::2]


def measure(work, count, unit, what):
    """Runs `work` and prints its rate."""
    clock, processor = time.perf_counter(), time.process_time()
    result = work()
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    print(
        f"  {what:28} {count / processor:10,.0f} {unit}/s of CPU time, "
        f"{count / clock:10,.0f} by the clock"
    )
    return result


def peak():
    """The most memory that this process had resident, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", default="ETL9B,ETL8G", help=", ".join(SETS))
    parser.add_argument("--files", type=int, help="files of each set; default: all")
    parser.add_argument("--images", type=int, default=20000, help="images to store")
    parser.add_argument("--prepare", action="store_true", help="run prepare_etl, too")
    options = parser.parse_args()
    for name in options.sets.split(","):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            synthesise(folder, name, options.files)
            files, _ = etl.find_etl_files([folder])
            records = sum(file.records for file in files)
            size = sum(file.path.stat().st_size for file in files) / 1e9
            print(f"{name}: {len(files)} files, {records:,} records, {size:.2f} GB")
            contents = measure(
                lambda files=files: [etl.read_contents(file) for file in files],
                records,
                "records",
                "read, without images",
            )
            _store(contents, folder / "one.store", options.images)
            print(f"  peak memory {peak():.0f} MB")
            if options.prepare:
                _prepare(folder, records)


def _store(contents, path, images):
    """Writes the first images of the files, each file a store, in this process."""
    parts, count = [], 0
    for found in contents:
        parts.append(found.part(0, max(0, images - count)))
        count += len(parts[-1])
    measure(
        lambda: [write_etl_store(part, path) for part in parts if len(part)],
        count,
        "images",
        f"{count:,} images into a store",
    )


def _prepare(folder, records):
    from experiments import prepare_etl

    settings = prepare_etl.Settings(etl=folder, output=folder / "output")
    clock = time.perf_counter()
    prepare_etl.main(settings)
    clock = time.perf_counter() - clock
    print(
        f"  prepare_etl: {records / clock:,.0f} images/s by the clock, peak memory of "
        f"the first process {peak():.0f} MB"
    )


if __name__ == "__main__":
    main()
