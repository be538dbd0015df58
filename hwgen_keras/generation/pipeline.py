"""The pipeline of a generation: threads around a generator, so that it never waits."""

import collections
import concurrent.futures
import os

import numpy as np

from hwgen_keras.data import png
from hwgen_keras.generation.part import ImageRecord, Part
from hwgen_keras.generation.provenance import Sources


class Pipeline:
    """Generates parts of a set; see `generate` for the arguments.

    A part follows from its rows alone, whatever parts are generated before it. Threads
    decode the inputs of the generator and encode its images.
    """

    def __init__(self, generator, sampler, gate, batch_size, threads=None):
        self.generator, self.sampler, self.gate = generator, sampler, gate
        self.batch_size, self.sources = batch_size, Sources(sampler)
        self.threads = threads or min(4, os.cpu_count() or 1)

    def parts(self, rows, update=lambda images: None):
        """Yields the `Part` of each of a list of ranges of rows.

        `update` is called with the number of rows that are done since the last call.
        """
        with concurrent.futures.ThreadPoolExecutor(self.threads) as pool:
            batches = self.sampler.batches(self.generator, self.batch_size, pool)
            # Of all parts, so that the inputs of the next are ready when one ends.
            first = batches.written(rows)
            for part in rows:
                yield self._part(part, first, batches, pool, update)

    def _part(self, rows, first, batches, pool, update):
        """The `Part` of some rows.

        `first` iterates over first attempts, those of this part and of all after it.
        """
        image_filter = self.gate.judge()
        accepted: list[tuple] = []
        rejected: collections.Counter[tuple[int, str]] = collections.Counter()
        generated, waiting = _take(first, len(rows)), rows
        for attempt in range(self.gate.max_attempts):
            if attempt:
                generated = batches.written([waiting], attempt)
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
                    record = self._record(batch[i], attempt, scores[i], table, i)
                    accepted.append((record, future, position))
                failed = [i for i, reason in enumerate(reasons) if reason is not None]
                again.append(batch[failed])
                rejected.update((int(table["label"][i]), reasons[i]) for i in failed)
                update(len(passed))
            waiting = np.concatenate(again)
            if not len(waiting):
                break
        update(len(waiting))
        accepted.sort(key=lambda entry: entry[0].row)
        for record, future, position in accepted:
            record.png = future.result()[position]
        dropped = self.sampler.label_of(waiting)[0].tolist()
        return Part([record for record, _, _ in accepted], dict(rejected), dropped)

    def _record(self, row, attempt, score, table, i):
        names = [name for name in table if name.startswith("style")]
        indices = [table[n][i] for n in names if not n.endswith("_affine")]
        # Of a stroke writer's hand there may be fewer tracks than columns.
        styles = [int(k) for k in np.ravel(indices) if k >= 0]
        names = self.sources.names(styles, int(table["content"][i]))
        return ImageRecord(int(row), attempt, score, int(table["label"][i]), *names)


def _take(batches, count):
    """Yields the batches of the next `count` rows."""
    while count:
        rows, table, images = next(batches)
        count -= len(rows)
        yield rows, table, images


def _encode(scan, images, numbers):
    """PNG files of scans of images, each of which has a hand, a row and an attempt."""
    return [
        png.encode(scan(image, *own))
        for image, own in zip(images, numbers, strict=True)
    ]
