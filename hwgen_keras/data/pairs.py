"""PairSampler: rows for the four training stages of a generator."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from hwgen_keras.characters import Encodes, StructureTokenizer
from hwgen_keras.data import stages
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

    The target is drawn first: an origin, a source (font or writer) of it, an image of
    the source. The content image is another image of the same character, if possible.

    Columns of an epoch: `content`, `style`, `target`, int32 image indices of the store;
    `content_affine`, `style_affine`, `target_affine`, float32 (n, 6), see
    `affine_matrix`; `label`, int32; `drop_condition`, bool, whether the condition is
    left out; `tokens`, int32 (n, length), with a tokenizer; and the inputs of the
    condition.

    Args:
        store: an `ImageStore`; its generated images are not used.
        step: the stage: `"step1"`, `"step2"`, `"step3"`, `"step_end"`, or a
            `stages.Stage`.
        tokenizer: optional `StructureTokenizer`.
        characters: optional characters to draw, of those in the store.
        rows_per_epoch: None: 10 for each source of targets.
        seed: integer; epoch e is the same table whenever it is drawn.
        style_reference: `"target"`: the style image is the target, as published;
            `"writer"`: it is another character from the target's source.
        reference_font: source name; None: the first font of the store.
        image_size: side of the output in pixels; None: the store's.
        follow_forms: whether content images take the slant and the stretch of the
            target's source, see `measure_forms`; False as published.
        condition: optional `Condition`, or its class: that of the generator.

    Raises:
        InputError: the store lacks images that the stage needs.

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
        step: str | stages.Stage,
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
        self.stage = stages.find_stage(step)
        self.seed = seed
        self.style_reference = style_reference
        self.image_size = check_image_size(store, image_size)
        self.forms = measure_forms(store) if follow_forms else None
        # Columns that always equal another one, which a feed decodes once.
        self.aliases = {"target": "style"} if style_reference == "target" else {}
        drawn = np.ones(len(store), bool)
        if characters is not None:
            labels = [store.characters.index(character) for character in characters]
            drawn = np.isin(store.labels, labels)
        contents, styles = self.stage.content.origins, self.stage.style.origins
        pools = {
            origin: np.flatnonzero(drawn & self._mask(origin, reference_font))
            for origin in {*contents, *styles}
        }
        self._draws = {
            (content, style): _Draw(store, pools, content, style, style_reference)
            for content in contents
            for style in styles
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
        rng, count = row_generator(self.seed, epoch), self.rows_per_epoch
        contents, styles = self.stage.content, self.stage.style
        content_origin = rng.integers(len(contents.origins), size=count)
        style_origin = rng.integers(len(styles.origins), size=count)
        names = ("content", "style", "target")
        table = {name: np.empty(count, np.int32) for name in names}
        for i, content in enumerate(contents.origins):
            for j, style in enumerate(styles.origins):
                rows = np.flatnonzero((content_origin == i) & (style_origin == j))
                drawn = self._draws[content, style](rng, len(rows))
                for name, indices in zip(names, drawn, strict=True):
                    table[name][rows] = indices
        angle = rng.uniform(-stages.LARGEST_ANGLE, stages.LARGEST_ANGLE, count)
        angle *= rng.random(count) < stages.ROTATED_SHARE
        content_margins = self._margins(rng, contents, content_origin)
        target_margins = style_margins = self._margins(rng, styles, style_origin)
        if self.style_reference == "writer":
            target_margins = self._margins(rng, styles, style_origin)
        margins_of_all = content_margins, style_margins, target_margins
        for name, margins in zip(names, margins_of_all, strict=True):
            table[f"{name}_affine"] = affine_matrix(
                self.image_size, margins, angle, input_size=self.store.image_size
            )
        if self.forms is not None:
            hands = self.store.sources[table["target"]]
            table["content_affine"] = followed(self.store, self.forms, table, hands)
        table["label"] = self.store.labels[table["target"]]
        table["drop_condition"] = rng.random(count) < stages.DROP_CONDITION_SHARE
        return table | self._inputs.draw(rng, table["label"])

    @staticmethod
    def _margins(rng, images, origin):
        chances = dict(images.random_margins)
        chances = np.array([chances.get(name, 0.0) for name in images.origins])
        moved = rng.random(len(origin)) < chances[origin]
        margins = rng.uniform(*stages.RANDOM_MARGINS, (len(origin), 4))
        return np.where(moved[:, None], margins, stages.FIXED_MARGIN)

    def _mask(self, origin, reference_font):
        """A mask of the images of an origin; at least one."""
        store = self.store
        kind = HANDWRITING if origin == stages.HANDWRITING else FONT
        mask = store.kinds == kind
        if not mask.any():
            wanted = "handwriting" if kind == HANDWRITING else "a font"
            raise InputError(
                f"This training stage needs images of {wanted} and the store has none; "
                "add some or choose another stage."
            )
        if origin == stages.REFERENCE:
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
    """Draws rows with contents of one origin and targets of another."""

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
            self.style_keys = self._keys(self.styles.members)

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
        return content, style, target

    def _keys(self, indices):
        """Numbers that order images by source, then character."""
        sources = self.store.sources[indices].astype(np.int64)
        return sources * len(self.store.characters) + self.store.labels[indices]
