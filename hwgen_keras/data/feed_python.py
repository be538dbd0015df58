"""The feed without TensorFlow: a PyDataset with NumPy and SciPy."""

import keras

from hwgen_keras.data.placing import moved
from hwgen_keras.errors import InputError


class PythonFeed(keras.utils.PyDataset):
    """See `hwgen_keras.data.feed.feed`."""

    def __init__(self, plan, rows, batch_size, steps, start_step, shard):
        super().__init__(workers=1)
        self.plan, self.rows = plan, rows
        self.batch_size, self.steps, self.start_step = batch_size, steps, start_step
        self.shard = shard
        self._previous = -1

    def __len__(self):
        return self.steps

    def __getitem__(self, step):
        # Keras offers no other sign that it shuffles the batches.
        if step not in (0, self._previous, self._previous + 1):
            raise InputError(
                "The batches of a feed must come in order; pass shuffle=False to fit."
            )
        self._previous = step
        return self.batch(step)

    def batch(self, step):
        """Batch `step` of this feed, in any order."""
        if not 0 <= step < self.steps:
            raise IndexError(f"This feed has the batches 0 to {self.steps - 1}.")
        host, hosts = self.shard
        first = ((self.start_step + step) * hosts + host) * self.batch_size
        columns = self.rows.take(first, self.batch_size)
        decoded = {}
        for name in self.plan.decoded:
            images = self.plan.store.decode(columns[name])
            affine = columns[f"{name}_affine"]
            decoded[name] = moved(images, affine, self.plan.image_size)
        return self.plan.finish(columns, decoded, self.rows.image_columns)
