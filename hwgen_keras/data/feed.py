"""The feed turns rows of a sampler into batches: decode, warp, augment."""

import functools
import importlib.util
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from hwgen_keras.data.augment import parse_augmentations
from hwgen_keras.data.store import ImageStore
from hwgen_keras.errors import InputError, check_whole, described

_AFFINE = "_affine"


def feed(
    store: ImageStore | None,
    sampler,
    batch_size: int,
    steps: int,
    start_step: int = 0,
    images: Iterable[str] | None = None,
    outputs: Sequence[str] | Callable | None = None,
    augment: Iterable[str] = (),
    kind: str = "auto",
    shard: tuple[int, int] = (0, 1),
):
    """Batches of a sampler's rows, with the images that the rows name.

    Batches cross the border of two epochs. Batch i is always the same, so that a run
    resumed at step s continues with the same data. Image columns become float32 (batch,
    size, size, 1) from -1 (ink) to 1 (paper). Affine maps and image columns outside
    `images` are left out; other columns pass unchanged.

    With `fit`, give the steps of the whole run here and a part of them as
    `steps_per_epoch`; the Python feed also needs `shuffle=False`.

    Args:
        store: the `ImageStore` of the sampler.
        sampler: a `PairSampler` or `ClassificationSampler`.
        batch_size: rows in a batch.
        steps: number of batches.
        start_step: number of the first batch.
        images: names of the image columns; None: all of the sampler.
        outputs: None: a dict; names: the tuple of these columns; a function: its
            result for the dict.
        augment: names of `AUGMENTATIONS`; needs TensorFlow and a sampler with a `seed`
            for each row. The column `elastic` of a sampler needs no name here.
        shard: (number of this host, from 0; number of hosts). Each host gets batches
            of `batch_size` rows; batch i of all hosts, concatenated in their order, is
            batch i of a single host with the sum of the batch sizes.
        kind: `"tf"`, `"python"`, or `"auto"`: TensorFlow if it is installed.

    Returns:
        A `tf.data.Dataset`, or a `keras.utils.PyDataset` of NumPy arrays.

    Raises:
        InputError: a value is out of range, or something needs TensorFlow.

    Example:
        >>> characters = hw.CharacterSet("two", "あい")
        >>> store = hw.simulated_store([1, 2], characters, 32, progress=False)
        >>> sampler = hw.ClassificationSampler(store)
        >>> batches = hw.feed(
        ...     store, sampler, batch_size=2, steps=3, outputs=("image", "label"),
        ...     kind="python",
        ... )
        >>> images, labels = batches[0]
        >>> images.shape, labels.shape
        ((2, 32, 32, 1), (2,))
    """
    if not hasattr(sampler, "epoch"):
        raise InputError(
            f"sampler is {described(sampler)}; give one, such as a PairSampler."
        )
    if sampler.store is not store:
        raise InputError("The feed's store is not the one that the sampler draws from.")
    check_whole(batch_size, "batch_size", 1)
    check_whole(steps, "steps", 1)
    check_whole(start_step, "start_step", 0)
    pair = isinstance(shard, list | tuple) and [*map(type, shard)] == [int, int]
    if not pair or not 0 <= shard[0] < shard[1]:
        raise InputError(
            f"shard is {described(shard)}; give the number of this host, from 0, and "
            "the number of hosts."
        )
    if kind not in ("auto", "tf", "python"):
        raise InputError(f"kind is {kind!r}; use 'auto', 'tf' or 'python'.")
    installed = importlib.util.find_spec("tensorflow") is not None
    if kind == "tf" and not installed:
        raise InputError(
            "TensorFlow is not installed; install it, or use the Python feed."
        )
    rows = _Rows(sampler)
    images = rows.image_columns if images is None else tuple(images)
    unknown = [name for name in images if name not in rows.image_columns]
    if unknown:
        raise InputError(
            f"The rows have no image {', '.join(unknown)}; they have "
            f"{', '.join(rows.image_columns)}."
        )
    augment = _check_augment(augment, rows.columns)
    plan = _Plan(store, sampler, images, augment, outputs)
    arguments = plan, rows, batch_size, steps, start_step, tuple(shard)
    if kind == "tf" or (kind == "auto" and installed):
        from hwgen_keras.data.feed_tensorflow import tensorflow_feed

        return tensorflow_feed(*arguments)
    if augment:
        raise InputError(
            f"The augmentation {', '.join(augment)} needs TensorFlow; install it, or "
            "leave it out (affine works without)."
        )
    from hwgen_keras.data.feed_python import PythonFeed

    return PythonFeed(*arguments)


def _check_augment(augment, columns):
    augment = [name for name in parse_augmentations(augment) if name != "affine"]
    if "elastic" in columns and "elastic" not in augment:
        augment = parse_augmentations([*augment, "elastic"])
    if augment and "seed" not in columns:
        raise InputError(
            f"The sampler's rows have no seed for {', '.join(augment)}; use a "
            "ClassificationSampler or no augmentation."
        )
    return tuple(augment)


class _Plan:
    """The processing of each batch, for both kinds of feeds."""

    def __init__(self, store, sampler, images, augment, outputs):
        self.store = store
        self.image_size = sampler.image_size
        self.augment = augment
        self.images = images
        aliases = sampler.aliases
        # The column that each image is decoded from: only one of two that agree.
        self.origin = {
            name: aliases[name] if aliases.get(name) in images else name
            for name in images
        }
        self.decoded = tuple(dict.fromkeys(self.origin.values()))
        self.outputs = outputs

    def finish(self, columns, decoded, image_columns):
        """The output of a batch from its columns and its decoded images."""
        hidden = {*image_columns, *(name + _AFFINE for name in image_columns)}
        batch = {name: decoded[self.origin[name]] for name in self.images}
        batch |= {name: v for name, v in columns.items() if name not in hidden}
        if self.outputs is None:
            return batch
        if callable(self.outputs):
            return self.outputs(batch)
        return tuple(batch[name] for name in self.outputs)


class _Rows:
    """Rows of a sampler, numbered from the start of epoch 0."""

    def __init__(self, sampler):
        self.per_epoch = sampler.rows_per_epoch
        # The last epochs only: a batch crosses few borders, and tables are large.
        self.table = functools.lru_cache(maxsize=2)(sampler.epoch)
        self.columns = self.table(0)
        names = tuple(self.columns)
        self.image_columns = tuple(name for name in names if name + _AFFINE in names)

    def take(self, first, count):
        """The dict of arrays of `count` rows from row `first` on."""
        pieces = []
        while count:
            epoch, row = divmod(first, self.per_epoch)
            taken = min(count, self.per_epoch - row)
            part = slice(row, row + taken)
            pieces.append({k: v[part] for k, v in self.table(epoch).items()})
            first, count = first + taken, count - taken
        return {k: np.concatenate([p[k] for p in pieces]) for k in pieces[0]}
