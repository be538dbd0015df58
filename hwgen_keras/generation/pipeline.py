"""The work of a generation: a generator that never waits, and threads around it."""

import collections
import concurrent.futures
import os

import numpy as np

from hwgen_keras.data import png
from hwgen_keras.generation import provenance
from hwgen_keras.generation.batches import Batches
from hwgen_keras.generation.provenance import ImageRecord

# Parts that wait for the disk, at most.
_WAITING = 2


class Pipeline:
    """Makes the parts of a set: a generator that never waits, and threads around it.

    They decode what it will need and encode what it has made; one more writes.
    """

    def __init__(self, generator, sampler, gate, batch_size, workers, bar):
        self.generator, self.sampler, self.gate = generator, sampler, gate
        self.batch_size, self.bar = batch_size, bar
        self._rest = None
        self.workers = workers or min(4, os.cpu_count() or 1)

    def run(self, parts, missing, writer, paths):
        """Makes the missing of the parts.

        Args:
            parts: list of arrays of rows.
            missing: numbers of the parts to make.
            writer: one of `FORMATS`.
            paths: of the file that marks each part as complete.
        """
        if not missing:
            return
        threads = concurrent.futures.ThreadPoolExecutor
        with threads(self.workers) as pool, threads(1) as disk:
            batches = Batches(self.generator, self.sampler, self.batch_size, pool)
            # First attempts of all parts, so that no batch at the end of one is small.
            rows = np.concatenate([parts[number] for number in missing])
            first = batches.written(rows)
            writing: collections.deque = collections.deque()
            for number in missing:
                made = self._part(parts[number], first, batches, pool)
                arguments = number, parts[number], paths[number], *made
                writing.append(disk.submit(_write, writer, *arguments))
                if len(writing) > _WAITING:
                    writing.popleft().result()
            for future in writing:
                future.result()

    def _next(self, written, count):
        """Yields of what is written the next `count` rows; the rest is kept."""
        while count:
            own, table, images = self._rest or next(written)
            self._rest = None
            if len(own) > count:
                later = {name: column[count:] for name, column in table.items()}
                self._rest = own[count:], later, images[count:]
                table = {name: column[:count] for name, column in table.items()}
                own, images = own[:count], images[:count]
            count -= len(own)
            yield own, table, images

    def _part(self, rows, first, batches, pool):
        """The images of a part, each with its PNG to come, and what was rejected.

        Args:
            rows: (n,) integers.
            first: what is written of first attempts, of this part and those after it.
            batches: a `Batches`, for more attempts.
            pool: threads.

        Returns:
            (list of (`ImageRecord`, future, position in the future's list), {(class id,
            reason): images}, class ids of the rows without an image).
        """
        judge, made = self.gate.judge(), []
        rejected: collections.Counter[tuple[int, str]] = collections.Counter()
        written, waiting = self._next(first, len(rows)), rows
        for attempt in range(self.gate.max_attempts):
            if attempt:
                written = batches.written(waiting, attempt)
            again = []
            for own, table, images in written:
                reasons, scores = judge(images, table["label"])
                passed = [i for i, reason in enumerate(reasons) if reason is None]
                future = pool.submit(_encode, images[passed])
                made += [
                    (_made(own[i], attempt, scores[i], table, i), future, position)
                    for position, i in enumerate(passed)
                ]
                failed = [i for i, reason in enumerate(reasons) if reason is not None]
                again.append(own[failed])
                rejected.update((int(table["label"][i]), reasons[i]) for i in failed)
                self.bar.update(len(passed))
            waiting = np.concatenate(again)
            if not len(waiting):
                break
        self.bar.update(len(waiting))
        made.sort(key=lambda one: one[0].row)
        return made, rejected, self.sampler.label_of(waiting)[0].tolist()


def _made(row, attempt, score, table, i):
    names = [name for name in table if name.startswith("style")]
    styles = [int(table[n][i]) for n in names if not n.endswith("_affine")]
    return ImageRecord(
        *(int(row), attempt, score, int(table["label"][i]), int(table["content"][i])),
        styles,
    )


def _encode(images):
    return [png.encode(image) for image in images]


def _write(writer, number, rows, path, made, rejected, dropped):
    """Writes a part, and last the file that tells that it is complete."""
    images = []
    for one, future, position in made:
        one.png = future.result()[position]
        images.append(one)
    writer.write(number, rows, images)
    provenance.write_part(path, images, rejected, dropped)


def parts_of(counts, most):
    """The rows of each part: whole characters, up to `most` rows of them.

    A character with more rows than that is cut.

    Args:
        counts: rows of each character, 1 or more.
        most: rows in a part.

    Returns:
        list of int arrays.
    """
    parts, first, end = [], 0, 0
    for count in counts:
        if end > first and end - first + count > most:
            parts.append(np.arange(first, end))
            first = end
        end += count
        while end - first > most:
            parts.append(np.arange(first, first + most))
            first += most
    if end > first:
        parts.append(np.arange(first, end))
    return parts
