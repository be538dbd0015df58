"""Rows of the tables of the samplers, drawn with NumPy."""

from typing import Any

import numpy as np

from hwgen_keras.characters import Knowledge
from hwgen_keras.data.stages import FIXED_MARGIN
from hwgen_keras.data.store import ImageStore
from hwgen_keras.errors import InputError, check_whole, described


def affine_matrix(image_size, margins, angle_degrees=0.0, shear=0.0, input_size=None):
    """Affine maps that place an ink square within margins, then shear and rotate it.

    A row maps the pixel (x, y) of the output to (a0 x + a1 y + a2, a3 x + a4 y + a5)
    in the input; centres of pixels are integers.

    Args:
        image_size: side of the output in pixels.
        margins: (n, 4), left, top, right and bottom margin in units of the
            output's side; left + right and top + bottom are below 1.
        angle_degrees: (n,) or a number, counter-clockwise about the output's centre.
        shear: (n,) or a number; shift to the right per length upwards from the centre,
            as in italics.
        input_size: side of the input in pixels; None: `image_size`.

    Returns:
        float32 array (n, 6).
    """
    input_size = image_size if input_size is None else input_size
    left, top, right, bottom = np.asarray(margins, np.float64).reshape(-1, 4).T
    angle = np.radians(np.broadcast_to(angle_degrees, left.shape))
    shear = np.broadcast_to(shear, left.shape)
    cosine, sine = np.cos(angle), np.sin(angle)
    # The inverse of the shear after the inverse of the rotation, for sides of 1 and
    # the origin at the output's centre; y points down.
    scale_x, scale_y = 1 / (1 - left - right), 1 / (1 - top - bottom)
    x_by_x, x_by_y = (
        scale_x * (cosine + shear * sine),
        scale_x * (shear * cosine - sine),
    )
    y_by_x, y_by_y = scale_y * sine, scale_y * cosine
    centre_x = scale_x * (0.5 - left)
    centre_y = scale_y * (0.5 - top)
    # From units of the side to pixels, whose centres are half a pixel off.
    ratio = input_size / image_size
    half = ratio * (image_size - 1) / 2
    columns = (
        ratio * x_by_x,
        ratio * x_by_y,
        input_size * centre_x - 0.5 - half * (x_by_x + x_by_y),
        ratio * y_by_x,
        ratio * y_by_y,
        input_size * centre_y - 0.5 - half * (y_by_x + y_by_y),
    )
    return np.stack(columns, axis=1).astype(np.float32)


def fixed_place(image_size, count):
    """Affine maps (count, 6) of images without margins to the fixed place."""
    return affine_matrix(image_size, np.full((count, 4), FIXED_MARGIN))


def composed(outer, inner):
    """The maps, float32 (n, 6), of a warp by `inner` and then by `outer`."""
    outer, inner = (np.asarray(m, np.float64).reshape(-1, 2, 3) for m in (outer, inner))
    linear = inner[..., :2] @ outer
    linear[..., 2] += inner[..., 2]
    return linear.reshape(-1, 6).astype(np.float32)


class Groups:
    """Indices in groups, for draws of one member from each of many groups.

    Args:
        indices: (n,) image indices.
        groups: (n,) group of each, from 0.
        order_in_group: optional (n,) keys that order the members of a group.
        count: least number of groups, where the last ones may be empty.
    """

    def __init__(self, indices, groups, order_in_group=None, count=0):
        order_in_group = indices if order_in_group is None else order_in_group
        order = np.lexsort((indices, order_in_group, groups))
        self.members = indices[order]
        self.sizes = np.bincount(np.asarray(groups, np.int64), minlength=count)
        self.starts = np.cumsum(self.sizes) - self.sizes

    def draw(self, rng, groups, skip_from=0, skip_to=0):
        """One member for each of `groups` (n,), at positions outside [from, to).

        `skip_from` and `skip_to` (n,) bound positions in `members`, within the group.
        """
        return self.pick(rng.random(len(groups)), groups, skip_from, skip_to)

    def pick(self, uniform, groups, skip_from=0, skip_to=0):
        """Like `draw`, by numbers in [0, 1), one for each of `groups`."""
        skipped = skip_to - skip_from
        position = (uniform * (self.sizes[groups] - skipped)).astype(np.int64)
        position += self.starts[groups]
        behind = (skipped > 0) & (position >= skip_from)
        return self.members[position + np.where(behind, skipped, 0)]


class InputTable:
    """The columns of rows that depend on the character: tokens, inputs of conditions.

    Args:
        characters: the `CharacterSet` of the labels.
        labels: the class ids that can be drawn.
        tokenizer: optional `StructureTokenizer` for the column `tokens`.
        condition: optional `Condition` of a generator.
    """

    def __init__(self, characters, labels, tokenizer=None, condition=None):
        knowledge, labels = Knowledge(characters, tokenizer), np.unique(labels)
        # {name: (counts, starts, values)}
        self.columns: dict[str, Any] = {}
        for label in labels:
            inputs = {}
            if tokenizer is not None:
                inputs["tokens"] = tokenizer.encode_alternatives(characters[label])
            if condition is not None:
                inputs |= condition.encode(characters[label], knowledge)
            for name, values in inputs.items():
                self.columns.setdefault(name, []).append(np.asarray(values))
        for name, values in self.columns.items():
            counts = np.zeros(len(characters), np.int64)
            counts[labels] = [len(alternatives) for alternatives in values]
            starts = np.cumsum(counts) - counts
            self.columns[name] = counts, starts, np.concatenate(values)

    def draw(self, rng, labels):
        """Columns {name: (n, …)} of a random alternative of each label."""
        return self.pick(rng.random(len(labels)), labels)

    def pick(self, uniform, labels):
        """Like `draw`, by numbers in [0, 1), one for each row."""
        return {
            name: values[starts[labels] + (uniform * counts[labels]).astype(np.int64)]
            for name, (counts, starts, values) in self.columns.items()
        }


def row_generator(seed, epoch):
    """The NumPy generator of one epoch of a sampler."""
    check_whole(seed, "seed", 0)
    check_whole(epoch, "epoch", 0)
    return np.random.default_rng([int(seed), int(epoch)])


def check_image_size(store, image_size):
    """`image_size`, or the store's if None; at least half the store's."""
    if not isinstance(store, ImageStore):
        raise InputError(f"store is {described(store)}; give an ImageStore.")
    if store.image_size is None:
        raise InputError(
            "The images of the store have different sizes, as raw scans do; clean them "
            "first (manifest_store)."
        )
    image_size = store.image_size if image_size is None else image_size
    check_whole(image_size, "image_size", 1)
    # Bilinear interpolation would miss strokes between its samples.
    if not store.image_size <= 2 * image_size:
        raise InputError(
            f"Images of {store.image_size} pixels cannot be shrunk to {image_size} "
            f"without losing strokes; make a store of at most {2 * image_size} pixels."
        )
    return image_size


def check_rows(rows_per_epoch):
    """Raises InputError unless an epoch has at least one row."""
    check_whole(rows_per_epoch, "rows_per_epoch", 1)
    return int(rows_per_epoch)
