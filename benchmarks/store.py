"""python benchmarks/store.py --images=100000 --images=1000000

Rates of an image store of small synthetic images (32 pixels, noisy): writing, opening,
finding, reading PNG files and decoding at random with one thread and with all, joining,
and checking every byte. Rates are per second of processor time but for the threads';
peak memory of the process is printed at the end.
"""

import argparse
import concurrent.futures
import contextlib
import os
import pathlib
import resource
import tempfile
import time

import numpy as np

from hwgen_keras.characters import character_set
from hwgen_keras.data import HANDWRITING, ImageStore, StoreWriter, concatenate_stores
from hwgen_keras.data.png import encode

_READ = 20_000


@contextlib.contextmanager
def timed(name, count=None):
    """Prints a rate, or without a count the milliseconds."""
    clock, processor = time.perf_counter(), time.process_time()
    yield
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    if count is None:
        print(f"  {name:34}{1000 * clock:12.1f} ms")
    else:
        print(
            f"  {name:34}{count / processor:12,.0f} /s a core{count / clock:12,.0f} /s"
        )


def measure(folder, count):
    """Writes, opens and reads a store of `count` images."""
    kana = character_set("kana")
    rng = np.random.default_rng(0)
    noise = rng.integers(180, 256, (256, 32, 32), dtype=np.uint8)
    pngs = [encode(image) for image in noise]
    path = folder / f"{count}.store"
    with timed("write", count), StoreWriter(path, kana, 32) as writer:
        for number in range(count):
            source = f"writer {number // 3000}"
            writer.add(pngs[number % 256], kana[number % 92], source, HANDWRITING)
    with timed("open"):
        store = ImageStore.open(path)
    print(f"  {store}, {path.stat().st_size / 2**20:.0f} MiB")
    with timed("find the first character"):
        store.find("あ")
    with timed("find others", 92):
        for character in kana:
            store.find(character, "writer 1")
    chosen = rng.integers(count, size=min(_READ, count)).tolist()
    with timed("read PNG files at random", len(chosen)):
        for index in chosen:
            store.png(index)
    with timed("decode at random", len(chosen)):
        for index in chosen:
            store.decode_one(index)
    threads = os.cpu_count()
    with (
        timed(f"decode with {threads} threads", len(chosen)),
        concurrent.futures.ThreadPoolExecutor(threads) as pool,
    ):
        for _ in pool.map(store.decode, np.array_split(chosen, 10 * threads)):
            pass
    with timed("verify"):
        store.verify()
    with timed("join with itself", 2 * count):
        concatenate_stores([path, path], folder / "joined.store")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[2])
    parser.add_argument("--images", type=int, action="append")
    options = parser.parse_args()
    for count in options.images or [100_000, 1_000_000]:
        print(f"{count:,} images")
        with tempfile.TemporaryDirectory() as folder:
            measure(pathlib.Path(folder), count)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"Peak memory {peak:.0f} MiB, with pages of the mapped files.")


if __name__ == "__main__":
    main()
