"""The base class of trainings whose loss is a mean over the rows of a batch."""

import keras
from keras import ops

from hwgen_keras.backend import replica_count
from hwgen_keras.layers import ConfigFromSignature, ensure_built


class RowLoss(ConfigFromSignature, keras.Model):
    """Trains its `generator`: `fit` minimises the mean of `call`, one loss per row."""

    def build(self, input_shape=None):
        ensure_built(self.generator)

    def compute_loss(
        self, x=None, y=None, y_pred=None, sample_weight=None, training=True
    ):
        return ops.mean(y_pred) / replica_count()
