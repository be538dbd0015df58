"""The batches of a `TrackSampler`, as `fit` takes them."""

import keras


class TrackFeed(keras.utils.PyDataset):
    """Batches of a sampler in turn, from a first one on.

    Args:
        sampler: a `TrackSampler`.
        first: number of the first batch.
        steps: number of batches.
    """

    def __init__(self, sampler, first, steps):
        super().__init__(workers=1)
        self.sampler, self.first, self.steps = sampler, first, steps

    def __len__(self):
        return self.steps

    def __getitem__(self, step):
        return self.sampler.batch(self.first + step)
