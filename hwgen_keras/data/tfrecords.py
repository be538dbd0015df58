"""Labelled images as TFRecord files."""

from hwgen_keras.errors import InputError, loading

_READ = ("image", "character", "writer")


def write_tfrecord(path, examples):
    """Writes images as `tf.train.Example`s with the `features`.

    Args:
        path: a partial file, which grows image by image.
        examples: iterable of (png, label, character, writer, row).
    """
    tf = _tensorflow()
    feature, integers = tf.train.Feature, tf.train.Int64List

    def text(value):
        value = value if isinstance(value, bytes) else value.encode()
        return feature(bytes_list=tf.train.BytesList(value=[value]))

    try:
        with tf.io.TFRecordWriter(str(path)) as writer:
            for png, label, character, source, row in examples:
                values = {
                    "image": text(png),
                    "label": feature(int64_list=integers(value=[label])),
                    "character": text(character),
                    "writer": text(source),
                    "row": feature(int64_list=integers(value=[row])),
                }
                example = tf.train.Example(features=tf.train.Features(feature=values))
                # Deterministic: the order of the features is that of every process.
                writer.write(example.SerializeToString(deterministic=True))
    except tf.errors.OpError as error:
        raise InputError(
            f"The file {path} cannot be written ({error.message}); make room or choose "
            "another folder."
        ) from None


def read_tfrecord(path):
    """Yields the (png, character, writer) of each image of a file.

    Raises:
        InputError: it is damaged, or has other features; or TensorFlow is missing.
    """
    tf = _tensorflow()
    import keras

    from hwgen_keras.data.feed_tensorflow import hide_gpus

    if keras.backend.backend() != "tensorflow":
        hide_gpus()
    with loading(path, "a TFRecord file of images"), tf.device("CPU"):
        for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator():
            example = tf.train.Example.FromString(record)
            values = [example.features.feature[name] for name in _READ]
            png, character, writer = (v.bytes_list.value[0] for v in values)
            yield png, character.decode(), writer.decode()


def features():
    """The features for `tf.io.parse_single_example`.

    `image` is a PNG file of greys, 0 ink; `label` the class id; `character` and
    `writer` are UTF-8; `row` is the number of the image's row in its provenance.
    """
    tf = _tensorflow()
    types = {"image": tf.string, "label": tf.int64, "character": tf.string}
    types |= {"writer": tf.string, "row": tf.int64}
    return {name: tf.io.FixedLenFeature((), kind) for name, kind in types.items()}


def _tensorflow():
    try:
        import tensorflow
    except ImportError:
        raise InputError(
            "TFRecord files need TensorFlow, which is not installed; install it, or "
            "choose another format."
        ) from None
    return tensorflow
