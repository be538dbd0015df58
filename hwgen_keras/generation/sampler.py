"""The rows of a generated set: which glyph is rewritten in which hand."""

import hashlib

import numpy as np
from numpy.typing import ArrayLike, NDArray

from hwgen_keras.characters import Encodes, StructureTokenizer
from hwgen_keras.data import ImageStore
from hwgen_keras.data.forms import followed, measure_forms
from hwgen_keras.data.rows import Groups, InputTable, fixed_place
from hwgen_keras.data.store import FONT, HANDWRITING
from hwgen_keras.errors import InputError
from hwgen_keras.generation.batches import Batches
from hwgen_keras.generation.rows import DRAWS, CharacterRows
from hwgen_keras.sources.looks import PEN, Look

STYLES = ("any", "same_character")


class GenerationSampler(CharacterRows):
    """Draws which glyph is rewritten in which hand, for each character of the fonts.

    Rows are numbered character by character. Row r at its attempt a follows from
    (seed, r, a) alone, not from its batch. It has the columns `content`, `style`,
    `style_1`, … and their affine maps, `label`, `tokens` with a tokenizer, and the
    inputs of the condition, if there is one.

    Args:
        store: an `ImageStore` with fonts (the contents) and handwriting (the styles).
        count: images of each character that the fonts have, or a dict
            {character: images}, without the characters to leave out.
        tokenizer: optional `StructureTokenizer`.
        seed: integer of 0 or more.
        style_from: `"any"`: any image of a writer, writers drawn with equal chance;
            `"same_character"`: an image of the same character where there is one.
        style_images: number of style images by the same hand for a row; those after
            the first may be of any characters.
        follow_forms: whether glyphs take the slant and stretch of the hand beyond
            those of their font, see `measure_forms`.
        condition: optional `Condition` of the generator, or its class.
        look: `"clean"`, or `"scan"` for images as a scanner sees them, see `Look`.

    Raises:
        InputError: the store has no fonts or no handwriting, a hand has too few
            images, `count` names a character without a glyph, or no image, or the look
            is `"pen"`, or none.

    Example:
        >>> characters = hw.CharacterSet("two", "あい")
        >>> hands = hw.simulated_store([1, 2], characters, 32, progress=False)
        >>> fonts = hw.find_fonts("fonts")
        >>> glyphs = hw.font_store(fonts, characters, 32, progress=False)
        >>> store = hw.ImageStore.merge([glyphs, hands])
        >>> sampler = hw.GenerationSampler(store, count=3)
        >>> sampler.draw([0, 5])["label"].tolist()
        [0, 1]
    """

    aliases: dict[str, str] = {}
    store: ImageStore

    def __init__(
        self,
        store: ImageStore,
        count: int | dict[str, int],
        tokenizer: StructureTokenizer | None = None,
        seed: int = 0,
        style_from: str = "any",
        style_images: int = 1,
        follow_forms: bool = True,
        condition: Encodes | None = None,
        look: str = "clean",
    ) -> None:
        self.look = Look(look, seed)
        if look == PEN:
            raise InputError(
                "look is 'pen', and pens write strokes; give a generator of images "
                "clean or scan."
            )
        if style_from not in STYLES:
            raise InputError(
                f"style_from is {style_from!r}; use {' or '.join(STYLES)}."
            )
        fonts = np.flatnonzero(store.kinds == FONT)
        hands = np.flatnonzero(store.kinds == HANDWRITING)
        if not len(fonts) or not len(hands):
            raise InputError(
                "Generation needs fonts for the contents and handwriting for the "
                f"styles; the store has {len(fonts)} and {len(hands)} images of them."
            )
        super().__init__(
            *(store.characters, store.labels[fonts], count),
            lack="No font has a glyph of",
            remedy="add a font that has it, or do not ask for it",
        )
        self.store, self.image_size, self.seed = store, store.image_size, seed
        self.style_from, self.style_images = style_from, style_images
        classes = len(store.characters)
        self.contents = Groups(fonts, store.labels[fonts], count=classes)
        self.same = Groups(hands, store.labels[hands], count=classes)
        self.hands = Groups(hands, store.sources[hands], count=len(store.source_names))
        self.writers = np.flatnonzero(self.hands.sizes)
        fewest = self.writers[np.argmin(self.hands.sizes[self.writers])]
        if self.hands.sizes[fewest] < style_images:
            raise InputError(
                f"{store.source_names[fewest]} wrote {self.hands.sizes[fewest]} images "
                f"and a row needs {style_images} style images; ask for fewer."
            )
        self.forms = measure_forms(store) if follow_forms else None
        self.inputs = InputTable(
            store.characters, store.labels[fonts], tokenizer, condition
        )
        # The position of each image among those by its hand.
        self._position = np.zeros(len(store), np.int64)
        members = self.hands.members
        starts = self.hands.starts[store.sources[members]]
        self._position[members] = np.arange(len(members)) - starts

    def epoch(self, epoch: int) -> dict[str, NDArray]:
        """The table of all rows at an attempt, for a `feed`.

        Args:
            epoch: the attempt, from 0.
        """
        return self.draw(np.arange(self.rows_per_epoch), epoch)

    def request(self) -> dict:
        """All that determines the rows of a store, as JSON."""
        digest = hashlib.sha256()
        inputs = [array for c in self.inputs.columns.values() for array in c[1:]]
        for array in (self.labels, self.counts, *inputs):
            digest.update(np.asarray(array).tobytes())
        return {
            "seed": self.seed,
            "style_from": self.style_from,
            "style_images": self.style_images,
            "follow_forms": self.forms is not None,
            "look": self.look.name,
            "count": self._requested(),
            "sha256": digest.hexdigest(),
        }

    def batches(self, generator, batch_size: int, pool) -> Batches:
        """The `Batches` of a generator.

        Args:
            generator, batch_size, pool: see `Batches`.
        """
        return Batches(generator, self, batch_size, pool)

    def template_of(self, content: int) -> str:
        """The name of the font of a glyph, for the provenance.

        Args:
            content: index of the glyph in the store.
        """
        return self.store.source_names[self.store.sources[content]]

    def draw(self, rows: ArrayLike, attempt: int = 0) -> dict[str, NDArray]:
        """The table of rows at an attempt: a dict of arrays.

        Args:
            rows: (n,) integers from 0, in any order.
            attempt: number of images of these rows that were rejected before.
        """
        rows = np.asarray(rows)
        seeds = [(self.seed, int(row), attempt, DRAWS) for row in rows]
        # Draws for more style images come last, so that they change no other draw.
        draws = 3 + self.style_images
        uniform = np.stack([np.random.default_rng(s).random(draws) for s in seeds]).T
        label = self.label_of(rows)[0]
        place = fixed_place(self.image_size, len(rows))
        content = self.contents.pick(uniform[0], label)
        styles = self._styles(uniform[1], uniform[2], uniform[4:], label)
        table = {
            "content": content.astype(np.int32),
            "content_affine": place,
            "style": styles[0].astype(np.int32),
            "style_affine": place,
            "label": label.astype(np.int32),
        }
        if self.forms is not None:
            hands = self.store.sources[styles[0]]
            table["content_affine"] = followed(self.store, self.forms, table, hands)
        table |= self.inputs.pick(uniform[3], label)
        for number, column in enumerate(styles[1:], start=1):
            table[f"style_{number}"] = column.astype(np.int32)
            table[f"style_{number}_affine"] = place
        return table

    def _styles(self, for_writer, for_image, for_others, label):
        """Images by one hand for each row, all different: list of (n,) indices."""
        chosen = (for_writer * len(self.writers)).astype(np.int64)
        style = self.hands.pick(for_image, self.writers[chosen])
        if self.style_from == "same_character":
            has = self.same.sizes[label] > 0
            style[has] = self.same.pick(for_image[has], label[has])
        writer = self.store.sources[style]
        positions = [self._position[style]]
        for uniform in for_others:
            left = self.hands.sizes[writer] - len(positions)
            position = (uniform * left).astype(np.int64)
            # Positions count only images that are not taken yet.
            for taken in np.sort(positions, axis=0):
                position += position >= taken
            positions.append(position)
        starts = self.hands.starts[writer]
        return [self.hands.members[starts + position] for position in positions]
