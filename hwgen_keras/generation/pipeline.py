"""The pipeline of a generation: threads around a generator, so that it never waits."""

import collections
import concurrent.futures
import os

import numpy as np

from hwgen_keras.data import png
from hwgen_keras.generation import provenance
from hwgen_keras.generation.provenance import ImageRecord

# The most parts that wait for the disk.
_WAITING = 2


class Pipeline:
    """Generates the parts of a set; see `generate` for the arguments.

    Threads decode the inputs of the generator and encode its images; another writes.
    """

    def __init__(self, generator, sampler, gate, batch_size, workers, bar):
        self.generator, self.sampler, self.gate = generator, sampler, gate
        self.batch_size, self.bar = batch_size, bar
        self.workers = workers or min(4, os.cpu_count() or 1)
        self._rest = None

    def run(self, parts, missing, writer, paths):
        """Generates the missing parts, and marks each as complete.

        `missing` are numbers of `parts`, which are arrays of rows, and of `paths`.
        """
        if not missing:
            return
        threads = concurrent.futures.ThreadPoolExecutor
        with threads(self.workers) as pool, threads(1) as disk:
            batches = self.sampler.batches(self.generator, self.batch_size, pool)
            # First attempts of all parts together: no part ends in a small batch.
            rows = np.concatenate([parts[number] for number in missing])
            first = batches.written(rows)
            writing: collections.deque = collections.deque()
            for number in missing:
                part = self._part(parts[number], first, batches, pool)
                arguments = number, parts[number], paths[number], *part
                writing.append(disk.submit(_write, writer, *arguments))
                if len(writing) > _WAITING:
                    writing.popleft().result()
            for future in writing:
                future.result()

    def _take(self, batches, count):
        """Yields the next `count` rows of batches, and keeps the rest of the last."""
        while count:
            rows, table, images = self._rest or next(batches)
            taken, self._rest = min(count, len(rows)), None
            if len(rows) > taken:
                rest = {name: column[taken:] for name, column in table.items()}
                self._rest = rows[taken:], rest, images[taken:]
                table = {name: column[:taken] for name, column in table.items()}
            count -= taken
            yield rows[:taken], table, images[:taken]

    def _part(self, rows, first, batches, pool):
        """The accepted images of a part, and what was rejected.

        `first` iterates over first attempts, those of this part and of all after it.

        Returns:
            (list of (`ImageRecord`, future of a list of PNG files, position in it),
            {(class id, reason): images}, class ids of the rows without an image).
        """
        image_filter = self.gate.judge()
        accepted: list[tuple] = []
        rejected: collections.Counter[tuple[int, str]] = collections.Counter()
        generated, waiting = self._take(first, len(rows)), rows
        for attempt in range(self.gate.max_attempts):
            if attempt:
                generated = batches.written(waiting, attempt)
            again = []
            for batch, table, images in generated:
                reasons, scores = image_filter(images, table["label"])
                passed = [i for i, reason in enumerate(reasons) if reason is None]
                # Whether an image is good shows best before it is scanned.
                hands = self.sampler.hands_of(table)
                numbers = [(hands[i], int(batch[i]), attempt) for i in passed]
                scan = self.sampler.look.scan
                future = pool.submit(_encode, scan, images[passed], numbers)
                for position, i in enumerate(passed):
                    record = _record(batch[i], attempt, scores[i], table, i)
                    accepted.append((record, future, position))
                failed = [i for i, reason in enumerate(reasons) if reason is not None]
                again.append(batch[failed])
                rejected.update((int(table["label"][i]), reasons[i]) for i in failed)
                self.bar.update(len(passed))
            waiting = np.concatenate(again)
            if not len(waiting):
                break
        self.bar.update(len(waiting))
        accepted.sort(key=lambda entry: entry[0].row)
        return accepted, rejected, self.sampler.label_of(waiting)[0].tolist()


def _record(row, attempt, score, table, i):
    names = [name for name in table if name.startswith("style")]
    indices = [table[n][i] for n in names if not n.endswith("_affine")]
    # Of a stroke writer's hand there may be fewer tracks than columns.
    styles = [int(k) for k in np.ravel(indices) if k >= 0]
    label, content = int(table["label"][i]), int(table["content"][i])
    return ImageRecord(int(row), attempt, score, label, content, styles)


def _encode(scan, images, numbers):
    """PNG files of scans of images, each of which has a hand, a row and an attempt."""
    return [
        png.encode(scan(image, *own))
        for image, own in zip(images, numbers, strict=True)
    ]


def _write(writer, number, rows, path, accepted, rejected, dropped):
    """Writes a part, and last the file that marks it as complete."""
    for record, future, position in accepted:
        record.png = future.result()[position]
    records = [record for record, _, _ in accepted]
    writer.write(number, rows, records)
    provenance.write_part(path, records, rejected, dropped)


def parts_of(counts, most):
    """The rows of each part, int arrays: whole characters, up to `most` rows of them.

    `counts` are the rows of each character, 1 or more. A character with more than
    `most` rows is divided.
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
