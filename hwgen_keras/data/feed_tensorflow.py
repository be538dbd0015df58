"""The feed as a tf.data pipeline."""

import numpy as np

from hwgen_keras.data import augment
from hwgen_keras.errors import InputError

# TensorFlow takes memory without a copy only from addresses that are multiples of this.
_ALIGNMENT = 64


def tensorflow_feed(plan, rows, batch_size, steps, start_step, shard):
    """See `hwgen_keras.data.feed.feed`."""
    import keras
    import tensorflow as tf

    if keras.backend.backend() != "tensorflow":
        # TensorFlow would take the memory that the other framework needs.
        hide_gpus()
    read = png_reader(plan.store.pngs)
    host, hosts = shard
    first_row = start_step * batch_size * hosts
    first_epoch, skipped = divmod(first_row, rows.per_epoch)
    example = rows.columns
    types = [tf.as_dtype(column.dtype) for column in example.values()]

    def draw(epoch):
        table = rows.table(int(epoch))
        start = skipped if epoch == first_epoch else 0
        return [column[start:] for column in table.values()]

    def table_of_epoch(epoch):
        columns = tf.numpy_function(draw, [epoch], types)
        return {
            name: tf.ensure_shape(column, (None, *array.shape[1:]))
            for column, (name, array) in zip(columns, example.items(), strict=True)
        }

    def execute(columns):
        names = plan.decoded
        indices = tf.concat([columns[name] for name in names], axis=0)
        affine = tf.concat([columns[f"{name}_affine"] for name in names], axis=0)
        images = decode(read, indices, plan.store.image_size)
        images = warp(images, affine, plan.image_size)
        if plan.augment:
            repeated = {
                key: tf.concat([columns[key]] * len(names), axis=0)
                for key in ("seed", "elastic")
                if key in columns
            }
            for name in plan.augment:
                images = _augment(name, images, **repeated)
        # Interpolation between two papers can round to a little above paper.
        images = tf.clip_by_value(images / 127.5 - 1.0, -1.0, 1.0)
        shape = (batch_size, plan.image_size, plan.image_size, 1)
        images = [tf.ensure_shape(part, shape) for part in tf.split(images, len(names))]
        decoded = dict(zip(names, images, strict=True))
        return plan.finish(columns, decoded, rows.image_columns)

    last_row = first_row + steps * batch_size * hosts - 1
    dataset = tf.data.Dataset.range(first_epoch, last_row // rows.per_epoch + 1)
    # The next table is drawn while the rows of the current one are read.
    dataset = dataset.map(table_of_epoch).prefetch(1)
    dataset = dataset.flat_map(tf.data.Dataset.from_tensor_slices)
    # Batched before decoding, so that one operation serves a whole batch.
    dataset = dataset.batch(batch_size, drop_remainder=True)
    dataset = dataset.shard(hosts, host).take(steps)
    # AutoGraph cannot convert KerasCV's closures, and nothing here needs it.
    execute = tf.autograph.experimental.do_not_convert(execute)
    dataset = dataset.map(execute, num_parallel_calls=tf.data.AUTOTUNE)
    dataset = dataset.apply(tf.data.experimental.assert_cardinality(steps))
    # The shard is taken above, and devices take whole batches.
    options, policy = tf.data.Options(), tf.data.experimental.AutoShardPolicy.OFF
    options.experimental_distribute.auto_shard_policy = policy
    dataset = dataset.with_options(options)
    return dataset.prefetch(tf.data.AUTOTUNE)


def png_reader(pngs):
    """A function from the number of an image, int32 (), to its PNG file, string ().

    It reads `PackedFiles` where they lie, even in a mapped file; string tensors of
    TensorFlow would copy all of them into memory.
    """
    import tensorflow as tf

    with tf.device("CPU:0"):
        blocks = [_shared_tensor(block) for block in pngs.blocks]
        number = tf.constant(pngs.block)
        start = tf.constant(pngs.start)
        end = tf.constant(pngs.start + pngs.length)

    def read(index):
        first, last = start[index], end[index]
        slices = [lambda block=block: block[first:last] for block in blocks]
        content = slices[0]()
        if len(slices) > 1:
            content = tf.switch_case(number[index], slices)
        # No operation makes a string of bytes, but a serialized tensor ends in them.
        length = tf.cast(last - first, tf.int32)
        return tf.strings.substr(tf.io.serialize_tensor(content), -length, length)

    return read


def _shared_tensor(block):
    """A uint8 array as a tensor, uncopied if its memory is aligned."""
    import tensorflow as tf

    if not len(block) or block.ctypes.data % _ALIGNMENT:
        return tf.constant(np.asarray(block))

    class Writable:
        """DLPack asks for writable memory, though TensorFlow writes to no tensor."""

        base = block
        __array_interface__ = {
            **block.__array_interface__,
            "data": (block.ctypes.data, False),
        }

    return tf.experimental.dlpack.from_dlpack(np.asarray(Writable()).__dlpack__())


def decode(read, indices, image_size):
    """Decodes the images at indices (batch,): uint8 (batch, size, size, 1)."""
    import tensorflow as tf

    return tf.map_fn(
        lambda index: tf.io.decode_png(read(index), channels=1),
        indices,
        # Batches run in parallel; threads within a batch cost more than they gain.
        parallel_iterations=1,
        fn_output_signature=tf.TensorSpec((image_size, image_size, 1), tf.uint8),
    )


def warp(images, affine, image_size):
    """Warps images (batch, h, w, 1) by affine maps (batch, 6) to float32."""
    import tensorflow as tf

    perspective = tf.zeros((tf.shape(affine)[0], 2))
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=tf.cast(images, tf.float32),
        transforms=tf.concat([affine, perspective], axis=1),
        output_shape=tf.constant([image_size, image_size], tf.int32),
        fill_value=augment.PAPER,
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
    )


def _augment(name, images, seed, elastic=None):
    import tensorflow as tf

    if name != "elastic" or elastic is None:
        return getattr(augment, name)(images, seed)
    rows = tf.where(elastic)
    distorted = augment.elastic(tf.gather_nd(images, rows), tf.gather_nd(seed, rows))
    return tf.tensor_scatter_nd_update(images, rows, distorted)


def hide_gpus():
    """Leaves the GPUs to another framework; InputError if it is too late for that."""
    import tensorflow as tf

    if not tf.config.get_visible_devices("GPU"):
        return
    try:
        tf.config.set_visible_devices([], "GPU")
    except RuntimeError:
        raise InputError(
            "TensorFlow took the GPU before the feed could leave it to the other "
            "framework; build the feed before anything else uses TensorFlow."
        ) from None
