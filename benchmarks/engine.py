"""KERAS_BACKEND=torch python benchmarks/engine.py --seconds=10 --parts=6 --tasks=100000

What `--engine=dask` costs on this machine, in stages; --stages chooses.

overhead: parts of some seconds, computed one after the other, by one worker, by two
workers, and by two plain processes, in turns. "idle" is the share of the workers' time
in which none of their parts was computed, which other programs hardly change; "x loop"
is the rate as a multiple of the loop's.
tasks: empty parts through the scheduler, a thousand in flight as for 500 workers; and a
hundredth of them through the engine, without and with the bytes of a part of images.
The CPU time is that of this process, in which the scheduler runs.
memory: of a worker without and with the generator of size small and a batch of 64.
writing: what the driver does with finished parts; its memory grows by as many bytes.
"""

import argparse
import concurrent.futures
import hashlib
import multiprocessing
import os
import pathlib
import tempfile
import time

import numpy as np
import psutil
import workers

from hwgen_keras import cluster

STAGES = ("overhead", "tasks", "memory", "writing")
MIB = 2**20
DIGITS = {"MiB": 0, "MiB before": 0, "MiB at most": 0}
# Parts in flight, two for each of 500 workers.
WINDOW = 1000


def hashed(count, size):
    """Computes on one core: so many digests of a MiB; returns so many bytes."""
    block = bytes(MIB)
    for _ in range(count):
        hashlib.sha256(block)
    return os.urandom(size)


def nothing(size=0):
    return bytes(size)


def memory(generator=False):
    """MiB of this process, after the import of a generator and a batch by it."""
    if generator:
        import keras

        from hwgen_keras.models import SIZES, AdaINGenerator

        keras.utils.set_random_seed(0)
        model = AdaINGenerator(**SIZES["small"]["generator"])
        model.build()
        images = np.zeros((64, 64, 64, 1), np.float32)
        model.predict_on_batch({"content": images, "style": images})
    return psutil.Process().memory_info().rss / MIB


def started(count):
    """A context of so many workers on this machine."""
    return cluster.connected(cluster.Engine(engine="dask", workers=count))


def calibrated(seconds):
    """How many digests take so many seconds of one core."""
    start = time.process_time()
    hashed(500, 0)
    return int(500 * seconds / (time.process_time() - start))


def overhead(options):
    count, size = calibrated(options.seconds), options.bytes
    jobs = [(count, size)] * options.parts
    rates = {}
    for turn in range(options.repeats):
        start = time.perf_counter()
        for job in jobs:
            hashed(*job)
        rates["loop"] = options.parts / (time.perf_counter() - start)
        yield {"turn": turn, "what": "loop", "parts/s": rates["loop"], "x loop": 1.0}
        for number in (1, 2):
            with started(number) as found:
                # The first jobs import.
                list(found.results(hashed, [(1, 0)] * 2 * number))
                found._seconds.clear()
                start = time.perf_counter()
                list(found.results(hashed, jobs * number))
                whole = time.perf_counter() - start
                busy = sum(found._seconds)
            yield {
                "turn": turn,
                "what": f"Dask, workers: {number}",
                "parts/s": number * options.parts / whole,
                "x loop": number * options.parts / whole / rates["loop"],
                "idle": 1 - busy / (number * whole),
            }
        spawn = multiprocessing.get_context("spawn")
        with concurrent.futures.ProcessPoolExecutor(2, spawn) as pool:
            list(pool.map(hashed, [1, 1], [0, 0]))
            start = time.perf_counter()
            list(pool.map(hashed, *zip(*jobs * 2, strict=True)))
            rate = 2 * options.parts / (time.perf_counter() - start)
        yield {
            "turn": turn,
            "what": "two plain processes",
            "parts/s": rate,
            "x loop": rate / rates["loop"],
        }


def tasks(options):
    """The scheduler runs in this process, beside what gives jobs out."""
    few = options.tasks // 100
    with started(2) as found:
        list(found.results(nothing, [()] * 10))

        def scheduled(size):
            for first in range(0, options.tasks, WINDOW):
                count = min(WINDOW, options.tasks - first)
                sizes = [size] * count
                yield from found.client.gather(
                    found.client.map(nothing, sizes, pure=False)
                )

        def given_out(size):
            return found.results(nothing, [(size,)] * few)

        yield rated("scheduler alone", options.tasks, 0, scheduled(0))
        yield rated("the engine", few, 0, given_out(0))
        yield rated("the engine", few, options.bytes, given_out(options.bytes))


def rated(what, number, size, results):
    """A row of the rates and the memory of this process until the results end."""
    own = psutil.Process()
    before = most = own.memory_info().rss
    clock, processor = time.perf_counter(), time.process_time()
    for index, _ in enumerate(results):
        if index % 100 == 0:
            most = max(most, own.memory_info().rss)
    return {
        "what": what,
        "parts": number,
        "bytes": size,
        "parts/s": number / (time.perf_counter() - clock),
        "CPU ms a part": 1000 * (time.process_time() - processor) / number,
        "MiB before": before / MIB,
        "MiB at most": most / MIB,
    }


def of_memory(options):
    with started(1) as found:
        for generator in (False, True):
            ((_, size),) = found.results(memory, [(generator,)])
            name = os.environ.get("KERAS_BACKEND", "tensorflow")
            what = f"worker, generator small on {name}" if generator else "worker"
            yield {"what": what, "MiB": size}


def writing(options):
    """What the driver does with parts of 1,024 images that are computed already."""
    from hwgen_keras.characters import CharacterSet
    from hwgen_keras.data.png import encode
    from hwgen_keras.generation.assembly import assemble
    from hwgen_keras.generation.job import Job, SetRows
    from hwgen_keras.generation.part import ImageRecord, Part

    own = psutil.Process()
    for form in ("store", "png", "webdataset"):
        named = [chr(0x4E00 + n) for n in range(options.written)]
        rows = SetRows(CharacterSet("some", named), dict.fromkeys(named, 1024), 64, 0)
        request = {"form": form, "part_rows": 1024, "model": "0" * 64}
        job = Job(request, rows, {})
        noise = np.random.default_rng(0).integers(0, 6, (64, 64), np.uint8)
        png = encode(noise)

        def source(numbers, update, job=job, png=png):
            for label in numbers:
                images = [
                    ImageRecord(row, 0, 0.5, label, "hand", "か/2", "font", png)
                    for row in job.parts[label]
                ]
                yield label, Part.from_bytes(Part(images, {}, []).to_bytes())

        with tempfile.TemporaryDirectory() as folder:
            before, processor = own.memory_info().rss, time.process_time()
            assemble(pathlib.Path(folder, "set"), job, source, progress=False)
            yield {
                "what": form,
                "images": rows.rows_per_epoch,
                "CPU us an image": 1e6
                * (time.process_time() - processor)
                / rows.rows_per_epoch,
                "bytes an image": (own.memory_info().rss - before)
                / rows.rows_per_epoch,
            }


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    workers.several(parser, "--stages", list(STAGES), known=STAGES)
    parser.add_argument("--seconds", type=float, default=10, help="of a part")
    parser.add_argument("--parts", type=int, default=6, help="of each worker")
    parser.add_argument("--repeats", type=int, default=2, help="turns")
    parser.add_argument("--tasks", type=int, default=100_000, help="empty parts")
    parser.add_argument(
        "--bytes", type=int, default=1_650_000, help="of a part's images"
    )
    parser.add_argument("--written", type=int, default=100, help="parts of a set")
    options = parser.parse_args()
    for name in ("seconds", "parts", "repeats", "tasks", "bytes", "written"):
        if getattr(options, name) <= 0:
            parser.error(f"--{name} is {getattr(options, name)}; give more than 0.")
    cores, load = os.cpu_count(), pathlib.Path("/proc/loadavg").read_text().split()[0]
    print(f"{cores} cores, load before the start {load}\n")
    tables = {
        "overhead": (overhead, ("turn", "what", "parts/s", "x loop", "idle")),
        "tasks": (
            tasks,
            (
                *("what", "parts", "bytes", "parts/s", "CPU ms a part"),
                *("MiB before", "MiB at most"),
            ),
        ),
        "memory": (of_memory, ("what", "MiB")),
        "writing": (
            *(writing,),
            ("what", "images", "CPU us an image", "bytes an image"),
        ),
    }
    for stage in options.stages:
        measure, columns = tables[stage]
        workers.show(measure(options), columns, DIGITS, 3)
        print()


if __name__ == "__main__":
    main()
