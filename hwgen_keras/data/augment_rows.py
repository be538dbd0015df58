"""Random numbers that depend on the seed of a row alone."""

# The grey of paper.
PAPER = 255.0


def row_numbers(seeds, shape, draw):
    """Random numbers (batch, *shape) that depend on each row's seed alone."""
    import tensorflow as tf

    signature = tf.TensorSpec(shape, tf.float32)
    return tf.map_fn(
        lambda seed: draw(shape, seed), seeds, fn_output_signature=signature
    )


class RowGenerator:
    """Stands in for the random generator of a KerasCV layer, one row after another.

    KerasCV draws from generators that keep a state, so that an image would depend
    on all images before it and a resumed run would differ.
    """

    def start(self, seed):
        """Begins the numbers of the row with this seed."""
        self._seed, self._calls = seed, 0

    def uniform(self, shape, minval=0.0, maxval=1.0, dtype="float32"):
        import tensorflow as tf

        numbers = tf.random.stateless_uniform(shape, self._next(), dtype=dtype)
        return minval + (maxval - minval) * numbers

    def normal(self, shape):
        import tensorflow as tf

        return tf.random.stateless_normal(shape, self._next())

    def _next(self):
        self._calls += 1
        return self._seed + [0, self._calls]
