"""ClassificationSampler: the rows that train a recogniser, or CLIP."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwgen_keras.characters import CharacterSet, StructureTokenizer
from hwgen_keras.characters.sets import check_set
from hwgen_keras.data.rows import (
    Groups,
    InputTable,
    affine_matrix,
    check_image_size,
    check_rows,
    row_generator,
)
from hwgen_keras.data.stages import FIXED_MARGIN
from hwgen_keras.data.store import ImageStore
from hwgen_keras.errors import InputError, check_number

# At strength 1.
_LARGEST_ANGLE = 10.0  # degrees
_LARGEST_SHEAR = 0.15
_LARGEST_SHRINKING = 0.2
_ELASTIC_SHARE = 0.5


class ClassificationSampler:
    """Draws rows of one labelled image.

    Columns of an epoch: `image`, int32 image index; `image_affine`, float32 (n, 6);
    `label`, int32; `seed`, int32 (n, 2), for augmentation; `elastic`, bool, whether
    the row is distorted, with the argument `elastic`; `tokens`, int32 (n, length),
    with a tokenizer.

    Args:
        store: an `ImageStore`.
        seed: integer; epoch e is the same table whenever it is drawn.
        rows_per_epoch: None: the number of images of the store.
        affine_strength: from 0, the fixed place, to 2; at 1, a random rotation
            within ±10°, a shear within ±0.15, a scale from 0.8 to 1 a side and a
            shift as far as the margins allow.
        elastic: whether half of the rows are marked for the elastic transform.
        class_balanced: draw a character first, all with equal chance, then one of
            the kinds that it has images of, then an image.
        kind_weights: optional `{kind: share of the rows}`; kinds not named are not
            drawn. By default, and without `class_balanced`, every image comes once
            an epoch.
        tokenizer: optional `StructureTokenizer`.
        image_size: side of the output in pixels; None: the store's.
        kinds: optional integers (n,), the kind of each image; None: the store's. With
            others, images of one kind in the store can get different shares.

    Raises:
        InputError: a kind with a share has no image, or a value is out of range.

    Example:
        >>> characters = hw.CharacterSet("two", "あい")
        >>> store = hw.simulated_store([1, 2], characters, 32, progress=False)
        >>> sampler = hw.ClassificationSampler(store, affine_strength=1, elastic=True)
        >>> sorted(sampler.epoch(0))
        ['elastic', 'image', 'image_affine', 'label', 'seed']
        >>> sampler.epoch(0)["image_affine"].shape
        (4, 6)
    """

    def __init__(
        self,
        store: ImageStore,
        seed: int = 0,
        rows_per_epoch: int | None = None,
        affine_strength: float = 0.0,
        elastic: bool = False,
        class_balanced: bool = False,
        kind_weights: Mapping[int, float] | None = None,
        tokenizer: StructureTokenizer | None = None,
        image_size: int | None = None,
        kinds: ArrayLike | None = None,
    ) -> None:
        check_number(affine_strength, "affine_strength", "a number from 0 to 2", most=2)
        self.store = store
        self.image_size = check_image_size(store, image_size)
        self.seed = seed
        self.rows_per_epoch = check_rows(
            len(store) if rows_per_epoch is None else rows_per_epoch
        )
        self.affine_strength = affine_strength
        self.elastic = elastic
        self.aliases: dict[str, str] = {}
        self.kinds = store.kinds if kinds is None else np.asarray(kinds)
        pools, shares = self._kinds(kind_weights)
        self._draw: _Balanced | _EveryImage
        if class_balanced:
            self._draw = _Balanced(pools, shares, store.labels)
        else:
            self._draw = _EveryImage(pools, shares)
        self._inputs = InputTable(store.characters, store.labels, tokenizer)

    def epoch(self, epoch: int) -> dict[str, NDArray]:
        """The table of an epoch: a dict of arrays with `rows_per_epoch` rows.

        Args:
            epoch: its number, from 0.
        """
        rng = row_generator(self.seed, epoch)
        count = self.rows_per_epoch
        image = self._draw(rng, count)
        label = self.store.labels[image]
        table = {
            "image": image,
            "image_affine": self._affine(rng),
            "label": label,
            "seed": rng.integers(2**31, size=(count, 2), dtype=np.int32),
        }
        if self.elastic:
            table["elastic"] = rng.random(count) < _ELASTIC_SHARE
        return table | self._inputs.draw(rng, label)

    def _affine(self, rng):
        count, strength = self.rows_per_epoch, self.affine_strength
        # Four numbers a row whatever the strength, which so changes no other column.
        angle, shear = rng.uniform(-strength, strength, (2, count))
        largest = 1 - 2 * FIXED_MARGIN
        side = largest * (1 - _LARGEST_SHRINKING * strength * rng.random((count, 2)))
        room = 1 - side
        before = room * (0.5 + min(strength, 1.0) * rng.uniform(-0.5, 0.5, (count, 2)))
        return affine_matrix(
            self.image_size,
            np.concatenate([before, room - before], axis=1),
            _LARGEST_ANGLE * angle,
            _LARGEST_SHEAR * shear,
            input_size=self.store.image_size,
        )

    def _kinds(self, kind_weights):
        """The images of each kind to draw from, and the shares of the kinds."""
        if kind_weights is None:
            return [np.arange(len(self.store))], np.ones(1)
        weights = list(kind_weights.values())
        if min(weights, default=-1) < 0 or not sum(weights) > 0:
            raise InputError(
                f"The shares of the kinds of images are {weights}; they must be "
                "positive."
            )
        kinds = [kind for kind, weight in kind_weights.items() if weight]
        pools = [np.flatnonzero(self.kinds == kind) for kind in kinds]
        if not all(map(len, pools)):
            raise InputError(
                "A kind of images has a share of the rows and the store has no "
                f"image of it (shares: {kind_weights})."
            )
        shares = np.array([kind_weights[kind] for kind in kinds])
        return pools, shares / np.sum(shares)


class _EveryImage:
    """Draws kinds by their shares, and the images of each in whole permutations."""

    def __init__(self, pools, shares):
        self.pools, self.shares = pools, shares

    def __call__(self, rng, count):
        pool = rng.choice(len(self.pools), count, p=self.shares)
        image = np.empty(count, np.int32)
        for number, members in enumerate(self.pools):
            rows = np.flatnonzero(pool == number)
            # No image comes twice before all came once.
            rounds = -(-len(rows) // len(members))
            order = [members[:0], *(rng.permutation(members) for _ in range(rounds))]
            image[rows] = np.concatenate(order)[: len(rows)]
        return image


class _Balanced:
    """Draws a character uniformly, then a kind of its images, then an image."""

    def __init__(self, pools, shares, labels):
        members = np.concatenate(pools)
        kinds = np.repeat(np.arange(len(pools)), [len(pool) for pool in pools])
        self.labels, label = np.unique(labels[members], return_inverse=True)
        self.kinds = len(pools)
        self.groups = Groups(members, label * self.kinds + kinds)
        has = np.zeros((len(self.labels), self.kinds), bool)
        has[label, kinds] = True
        # Cumulative probabilities of the kinds, for each character.
        bounds = np.cumsum(has * shares, axis=1)
        self.bounds = bounds / bounds[:, -1:]

    def __call__(self, rng, count):
        label = rng.integers(len(self.labels), size=count)
        kind = (rng.random((count, 1)) >= self.bounds[label]).sum(axis=1)
        return self.groups.draw(rng, label * self.kinds + kind)


class StructureSampler:
    """Draws rows of a character and its structure, without images.

    Columns of an epoch: `label`, int32; `tokens`, int32 (n, length), a random
    alternative of the character. Every character comes once an epoch.

    Args:
        characters: the `CharacterSet` to draw from.
        tokenizer: a `StructureTokenizer` that knows them.
        seed: integer; epoch e is the same table whenever it is drawn.

    Raises:
        InputError: `characters` is no `CharacterSet`, or the tokenizer does not know a
            character.

    Example:
        >>> characters = hw.CharacterSet("two", "あい")
        >>> tokenizer = hw.StructureTokenizer(hw.read_structures())
        >>> sampler = hw.StructureSampler(characters, tokenizer)
        >>> sampler.epoch(0)["tokens"].shape == (2, tokenizer.length)
        True
    """

    store, image_size = None, None
    aliases: dict[str, str] = {}

    def __init__(
        self, characters: CharacterSet, tokenizer: StructureTokenizer, seed: int = 0
    ) -> None:
        check_set(characters)
        self.seed, self.rows_per_epoch = seed, len(characters)
        labels = np.arange(len(characters))
        self._inputs = InputTable(characters, labels, tokenizer)

    def epoch(self, epoch: int) -> dict[str, NDArray]:
        """The table of an epoch, see `ClassificationSampler.epoch`.

        Args:
            epoch: its number, from 0.
        """
        rng = row_generator(self.seed, epoch)
        label = rng.permutation(self.rows_per_epoch).astype(np.int32)
        return {"label": label, **self._inputs.draw(rng, label)}
