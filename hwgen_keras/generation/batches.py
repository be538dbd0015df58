"""The inputs of a generator for the rows of a set, prepared ahead in threads."""

import collections
import concurrent.futures

import keras
import numpy as np

from hwgen_keras.data.placing import moved


def to_uint8(images):
    """Float images in [-1, 1] as greys (batch, height, width); NaN becomes paper."""
    images = keras.ops.convert_to_numpy(images)[..., 0]
    images = np.nan_to_num(images, nan=1.0, posinf=1.0, neginf=-1.0)
    return np.clip(np.rint((images + 1.0) * 127.5), 0, 255).astype(np.uint8)


def inputs_of(generator, batch, seed, rows, attempt=0):
    """The inputs of a generator for a batch of a sampler's rows.

    `style_1`, … of the batch are stacked with `style`. The noise of a diffusion model
    follows from the seed, the rows' numbers, or that of the first, and their attempt.
    """
    batch = dict(batch)
    others = sum(name.startswith("style_") for name in batch)
    if others:
        names = ["style", *(f"style_{i + 1}" for i in range(others))]
        batch["style"] = np.stack([batch[name] for name in names], axis=1)
    if "noise" in generator.input_names:
        count, size = batch["content"].shape[:2]
        if np.ndim(rows) == 0:
            rows = np.arange(rows, rows + count)
        batch["noise"] = row_noise(seed, rows, size, attempt)
    return {name: batch[name] for name in generator.input_names}


def row_noise(seed, rows, size, attempt=0):
    """Standard normal noise (rows, size, size, 1), which follows from row numbers."""
    seeds = [np.random.default_rng((seed, int(row), attempt)) for row in rows]
    return np.stack([rng.standard_normal((size, size, 1), np.float32) for rng in seeds])


def divided(parts, size):
    """Yields the rows of each part, up to `size` at a time."""
    for rows in parts:
        for first in range(0, len(rows), size):
            yield np.asarray(rows[first : first + size])


class Batches:
    """Prepares batches of rows for a generator ahead of their use, in threads.

    The last batch of a part repeats its last row: every batch size is compiled anew.

    Args:
        generator, sampler, batch_size: see `generate`.
        pool: the threads, a `concurrent.futures.Executor`.
        ahead: batches prepared in advance.
    """

    def __init__(self, generator, sampler, batch_size, pool, ahead=4):
        self.generator, self.sampler = generator, sampler
        self.batch_size, self.pool, self.ahead = batch_size, pool, ahead

    def of(self, parts, attempt=0):
        """Yields (rows, their table, the generator's inputs), batch by batch.

        `parts` is a list of arrays or ranges of rows; no batch has rows of two.
        """
        waiting: collections.deque = collections.deque()
        for batch in divided(parts, self.batch_size):
            waiting.append(self.pool.submit(self._prepare, batch, attempt))
            if len(waiting) > self.ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    def written(self, parts, attempt=0):
        """Yields (rows, their table, uint8 images by the generator), batch by batch."""
        for batch, table, inputs in self.of(parts, attempt):
            images = self.generator.predict_on_batch(inputs)
            yield batch, table, to_uint8(images)[: len(batch)]

    def _prepare(self, rows, attempt):
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
        """Images (n, size, size, 1) of the store, each different pair moved once."""
        keys = np.column_stack([indices.astype(np.int32), affine.view(np.int32)])
        _, first, where = np.unique(
            keys, axis=0, return_index=True, return_inverse=True
        )
        used, place = np.unique(indices[first], return_inverse=True)
        decoded = self.sampler.store.decode(used)[place]
        return moved(decoded, affine[first], self.sampler.image_size)[where.ravel()]


def write_rows(generator, sampler, batch_size=64):
    """All images of a sampler, uint8 (n, height, width), and their table."""
    images, tables = [], []
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        batches = sampler.batches(generator, batch_size, pool)
        for _, table, greys in batches.written([np.arange(sampler.rows_per_epoch)]):
            images.append(greys)
            tables.append(table)
    table = {n: np.concatenate([table[n] for table in tables]) for n in tables[0]}
    return np.concatenate(images), table
