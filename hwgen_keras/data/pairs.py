"""PairSampler: the rows that train a generator, in the four steps."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from hwgen_keras.characters import Encodes, StructureTokenizer
from hwgen_keras.data import steps
from hwgen_keras.data.forms import followed, measure_forms
from hwgen_keras.data.rows import (
    Groups,
    InputTable,
    affine_matrix,
    check_image_size,
    check_rows,
    row_generator,
)
from hwgen_keras.data.store import FONT, HANDWRITING, ImageStore
from hwgen_keras.errors import InputError


class PairSampler:
    """Draws rows of a content, a style and a target image.

    A row draws the target first: an origin, a source (font or writer) of it, an
    image of the source. The content image shows the same character, in another
    image where there is one.

    Columns of an epoch, each with a row a pair: `content`, `style`, `target`, int32
    image indices of the store; `content_affine`, `style_affine`, `target_affine`,
    float32 (n, 6), see `affine_matrix`; `label`, int32; `drop_condition`, bool,
    whether the condition is left out; `tokens`, int32 (n, length), if there is a
    tokenizer; and the inputs of the condition, if there is one.

    Args:
        store: an `ImageStore`; generated images in it are not used.
        step: `"step1"`, `"step2"`, `"step3"`, `"step_end"`, or a `steps.Step`.
        tokenizer: optional `StructureTokenizer`.
        characters: optional characters to draw, of those in the store.
        rows_per_epoch: None: 10 for each source that targets come from.
        seed: integer; epoch e is the same table whenever it is drawn.
        style_reference: `"target"`: the style image is the target, as published;
            `"writer"`: it is another character from the target's source.
        reference_font: source name; None: the first font of the store.
        image_size: side of the output in pixels; None: the store's.
        follow_forms: whether content images are bent by how the target's source leans
            and stretches characters more than their own, see `measure_forms`; False
            as published.
        condition: optional `Condition`, or its class: that of the generator.

    Raises:
        InputError: the store lacks what the step needs.

    Example:
        >>> characters = hw.CharacterSet("two", "あい")
        >>> hands = hw.simulated_store([1, 2], characters, 32, progress=False)
        >>> fonts = hw.find_fonts("fonts")
        >>> glyphs = hw.font_store(fonts, characters, 32, progress=False)
        >>> store = hw.ImageStore.merge([glyphs, hands])
        >>> table = hw.PairSampler(store, "step_end", rows_per_epoch=8).epoch(0)
        >>> table["content"].shape, table["style_affine"].shape
        ((8,), (8, 6))
    """

    def __init__(
        self,
        store: ImageStore,
        step: str | steps.Step,
        tokenizer: StructureTokenizer | None = None,
        characters: Iterable[str] | None = None,
        rows_per_epoch: int | None = None,
        seed: int = 0,
        style_reference: str = "target",
        reference_font: str | None = None,
        image_size: int | None = None,
        follow_forms: bool = False,
        condition: Encodes | None = None,
    ) -> None:
        if style_reference not in ("target", "writer"):
            raise InputError(
                f"style_reference is {style_reference!r}; use 'target' or 'writer'."
            )
        self.store = store
        self.step = steps.find_step(step)
        self.seed = seed
        self.style_reference = style_reference
        self.image_size = check_image_size(store, image_size)
        self.forms = measure_forms(store) if follow_forms else None
        # Columns that always equal another one, so that a feed decodes them once.
        self.aliases = {"target": "style"} if style_reference == "target" else {}
        drawn = np.ones(len(store), bool)
        if characters is not None:
            labels = [store.characters.index(character) for character in characters]
            drawn = np.isin(store.labels, labels)
        self._pools = {
            origin: np.flatnonzero(drawn & self._mask(origin, reference_font))
            for origin in {*self.step.content.origins, *self.step.style.origins}
        }
        self._draws = {
            (content, style): _Draw(store, self._pools, content, style, style_reference)
            for content in self.step.content.origins
            for style in self.step.style.origins
        }
        if rows_per_epoch is None:
            sources = [draw.sources for draw in self._draws.values()]
            rows_per_epoch = 10 * len(np.unique(np.concatenate(sources)))
        self.rows_per_epoch = check_rows(rows_per_epoch)
        labels = np.concatenate([draw.labels for draw in self._draws.values()])
        self._inputs = InputTable(store.characters, labels, tokenizer, condition)

    def epoch(self, epoch: int) -> dict[str, NDArray]:
        """The table of an epoch: a dict of arrays with `rows_per_epoch` rows.

        Args:
            epoch: its number, from 0.
        """
        rng = row_generator(self.seed, epoch)
        count = self.rows_per_epoch
        content_origins, style_origins = (
            self.step.content.origins,
            self.step.style.origins,
        )
        content_origin = rng.integers(len(content_origins), size=count)
        style_origin = rng.integers(len(style_origins), size=count)
        table = {
            name: np.empty(count, np.int32) for name in ("content", "style", "target")
        }
        for i, content in enumerate(content_origins):
            for j, style in enumerate(style_origins):
                rows = np.flatnonzero((content_origin == i) & (style_origin == j))
                drawn = self._draws[content, style](rng, len(rows))
                for name, indices in drawn.items():
                    table[name][rows] = indices
        angle = rng.uniform(-steps.LARGEST_ANGLE, steps.LARGEST_ANGLE, count)
        angle *= rng.random(count) < steps.ROTATED_SHARE
        places = {
            "content": self._margins(rng, self.step.content, content_origin),
            "style": self._margins(rng, self.step.style, style_origin),
        }
        places["target"] = places["style"]
        if self.style_reference == "writer":
            places["target"] = self._margins(rng, self.step.style, style_origin)
        for name, margins in places.items():
            table[f"{name}_affine"] = affine_matrix(
                self.image_size, margins, angle, input_size=self.store.image_size
            )
        if self.forms is not None:
            hands = self.store.sources[table["target"]]
            table["content_affine"] = followed(self.store, self.forms, table, hands)
        table["label"] = self.store.labels[table["target"]]
        table["drop_condition"] = rng.random(count) < steps.DROP_CONDITION_SHARE
        return table | self._inputs.draw(rng, table["label"])

    @staticmethod
    def _margins(rng, images, origin):
        chances = [images.chance_of_random_margins(name) for name in images.origins]
        moved = rng.random(len(origin)) < np.array(chances)[origin]
        margins = rng.uniform(*steps.RANDOM_MARGINS, (len(origin), 4))
        return np.where(moved[:, None], margins, steps.FIXED_MARGIN)

    def _mask(self, origin, reference_font):
        """Which images of the store are of an origin; at least one."""
        store = self.store
        kind = HANDWRITING if origin == steps.HANDWRITING else FONT
        mask = store.kinds == kind
        if not mask.any():
            wanted = "handwriting" if kind == HANDWRITING else "a font"
            raise InputError(
                f"This training step needs images of {wanted} and the store has none; "
                "add some or choose another step."
            )
        if origin == steps.REFERENCE:
            numbers = np.unique(store.sources[mask])
            fonts = {store.source_names[number]: number for number in numbers}
            name = next(iter(fonts)) if reference_font is None else reference_font
            if name not in fonts:
                raise InputError(
                    f"There is no font {name!r} for reference in the store; use one "
                    f"of {', '.join(list(fonts)[:10])}."
                )
            mask &= store.sources == fonts[name]
        return mask


class _Draw:
    """Draws rows whose content is of one origin and whose target is of another."""

    def __init__(self, store, pools, content_origin, style_origin, style_reference):
        content, style = pools[content_origin], pools[style_origin]
        self.store = store
        self.other_character = style_reference == "writer"
        labels, sources = store.labels, store.sources
        target = style[np.isin(labels[style], labels[content])]
        if self.other_character:
            pairs = np.unique(np.stack([sources[style], labels[style]]), axis=1)
            several = np.flatnonzero(np.bincount(pairs[0], minlength=1) > 1)
            target = target[np.isin(sources[target], several)]
        if not len(target):
            needed = ", by a hand with two characters" if self.other_character else ""
            raise InputError(
                f"No character of the store has both a content image ({content_origin})"
                f" and a target ({style_origin}){needed}; add images of the same "
                "characters."
            )
        self.sources, group = np.unique(sources[target], return_inverse=True)
        self.labels = labels[target]
        self.targets = Groups(target, group)
        self.contents = Groups(content, labels[content])
        self.content_position = np.full(len(store), -1)
        self.content_position[self.contents.members] = np.arange(len(content))
        if self.other_character:
            self.styles = Groups(style, sources[style], labels[style])
            members = self.styles.members
            self.style_keys = self._keys(members)

    def __call__(self, rng, count):
        group = rng.integers(len(self.sources), size=count)
        target = self.targets.draw(rng, group)
        label = self.store.labels[target]
        position = self.content_position[target]
        avoidable = (position >= 0) & (self.contents.sizes[label] > 1)
        content = self.contents.draw(rng, label, position, position + avoidable)
        style = target
        if self.other_character:
            keys = self._keys(target)
            style = self.styles.draw(
                rng,
                self.store.sources[target],
                np.searchsorted(self.style_keys, keys, "left"),
                np.searchsorted(self.style_keys, keys, "right"),
            )
        return {"content": content, "style": style, "target": target}

    def _keys(self, indices):
        """Numbers that order images by source, then character."""
        sources = self.store.sources[indices].astype(np.int64)
        return sources * len(self.store.characters) + self.store.labels[indices]
