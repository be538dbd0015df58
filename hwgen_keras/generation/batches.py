"""What a generator is given of the rows of a set, made ahead in threads."""

import collections
import concurrent.futures

import keras
import numpy as np

from hwgen_keras.data.feed_python import moved


def to_uint8(images):
    """Grey images (batch, height, width) from float images in [-1, 1].

    What is no number becomes paper.
    """
    images = keras.ops.convert_to_numpy(images)[..., 0]
    images = np.nan_to_num(images, nan=1.0, posinf=1.0, neginf=-1.0)
    return np.clip(np.rint((images + 1.0) * 127.5), 0, 255).astype(np.uint8)


def inputs_of(generator, batch, seed, rows, attempt=0):
    """What a generator is given of a batch of a sampler's rows.

    Args:
        generator: an `AdaINGenerator` or a `DiffusionGenerator`.
        batch: dict of arrays; `style_1`, … go beside `style`.
        seed: integer, of the noise that a diffusion model begins with.
        rows: numbers of the rows, or that of the first one; a row's noise follows
            from it.
        attempt: the rows' attempt, from which it follows, too.
    """
    batch = dict(batch)
    more = sum(name.startswith("style_") for name in batch)
    if more:
        names = ["style", *(f"style_{i + 1}" for i in range(more))]
        batch["style"] = np.stack([batch[name] for name in names], axis=1)
    if "noise" in generator.input_names:
        count, size = batch["content"].shape[:2]
        if np.ndim(rows) == 0:
            rows = np.arange(rows, rows + count)
        batch["noise"] = row_noise(seed, rows, size, attempt)
    return {name: batch[name] for name in generator.input_names}


def row_noise(seed, rows, size, attempt=0):
    """Standard normal noise (rows, size, size, 1), the same wherever a row stands."""
    shape = (size, size, 1)
    return np.stack(
        [
            np.random.default_rng((seed, int(row), attempt)).standard_normal(
                shape, np.float32
            )
            for row in rows
        ]
    )


class Batches:
    """Makes batches of rows for a generator, in threads, ahead of when they are asked.

    Args:
        generator: a built `AdaINGenerator` or `DiffusionGenerator`.
        sampler: a `GenerationSampler`.
        batch_size: rows in each batch; a last one repeats its last row, since a batch
            of another size would be compiled for itself.
        pool: the threads, a `concurrent.futures.Executor`.
        ahead: batches made in advance.
    """

    def __init__(self, generator, sampler, batch_size, pool, ahead=4):
        self.generator, self.sampler = generator, sampler
        self.batch_size, self.pool, self.ahead = batch_size, pool, ahead

    def of(self, rows, attempt=0):
        """Yields (rows, their table, the generator's inputs), batch by batch.

        Args:
            rows: (n,) integers.
            attempt: of all of them.
        """
        waiting: collections.deque = collections.deque()
        for first in range(0, len(rows), self.batch_size):
            own = rows[first : first + self.batch_size]
            waiting.append(self.pool.submit(self._make, own, attempt))
            if len(waiting) > self.ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    def written(self, rows, attempt=0):
        """Yields (rows, their table, uint8 images by the generator), batch by batch.

        Args:
            rows, attempt: see `of`.
        """
        for own, table, inputs in self.of(rows, attempt):
            images = self.generator.predict_on_batch(inputs)
            yield own, table, to_uint8(images)[: len(own)]

    def _make(self, rows, attempt):
        full = np.append(rows, np.repeat(rows[-1:], self.batch_size - len(rows)))
        table = self.sampler.draw(full, attempt)
        names = [name for name in table if f"{name}_affine" in table]
        batch = {k: v for k, v in table.items() if not k.endswith("_affine")}
        indices = np.stack([table[name] for name in names])
        affine = np.stack([table[f"{name}_affine"] for name in names])
        images = self._images(indices.ravel(), affine.reshape(-1, 6))
        images = images.reshape(*indices.shape, *images.shape[1:])
        batch |= zip(names, images, strict=True)
        inputs = inputs_of(self.generator, batch, self.sampler.seed, full, attempt)
        return rows, {k: v[: len(rows)] for k, v in table.items()}, inputs

    def _images(self, indices, affine):
        """Images (n, size, size, 1) of the store through their affine maps.

        Rows of a batch show few different images in few places: each is decoded and
        moved once.
        """
        keys = np.column_stack([indices.astype(np.int32), affine.view(np.int32)])
        _, first, where = np.unique(
            keys, axis=0, return_index=True, return_inverse=True
        )
        used, place = np.unique(indices[first], return_inverse=True)
        decoded = self.sampler.store.decode(used)[place]
        return moved(decoded, affine[first], self.sampler.image_size)[where.ravel()]


def write_rows(generator, sampler, batch_size=64):
    """All images of a sampler, none rejected.

    Args:
        generator, sampler, batch_size: see `Batches`.

    Returns:
        (uint8 images (n, height, width), their table, a dict of arrays).
    """
    images, tables = [], []
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        batches = Batches(generator, sampler, batch_size, pool)
        for _, table, own in batches.written(np.arange(sampler.rows_per_epoch)):
            images.append(own)
            tables.append(table)
    table = {n: np.concatenate([table[n] for table in tables]) for n in tables[0]}
    return np.concatenate(images), table
