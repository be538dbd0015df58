"""Random numbers that depend on the seed of a row alone."""

PAPER = 255.0  # the grey of paper


def row_numbers(seeds, shape, draw):
    """Random numbers (batch, *shape) that depend on each row's seed alone."""
    import tensorflow as tf

    signature = tf.TensorSpec(shape, tf.float32)
    return tf.map_fn(
        lambda seed: draw(shape, seed), seeds, fn_output_signature=signature
    )
