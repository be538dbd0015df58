"""A loaded generator, which writes characters in the hand of given images."""

from hwgen_keras.errors import InputError, check_number, check_whole
from hwgen_keras.inference import glyphs, pictures
from hwgen_keras.inference.arguments import characters_of
from hwgen_keras.inference.loaded import LoadedModel
from hwgen_keras.inference.writing import write_glyphs


class LoadedGenerator(LoadedModel):
    """Writes characters in the hand of given images. `load` returns it.

    Args:
        engine, facts: from `load`.

    Attributes:
        kind: "generator" (AdaIN) or "diffusion".
        format: "keras", "saved_model" or "onnx".
        image_size: side of the images in pixels.
        characters: tuple of those it was trained on, or None where that is unknown.

    Raises:
        InputError: the network cannot write images of this size.

    Example:

    >>> import hwgen_keras
    >>> untrained = hwgen_keras.AdaINGenerator(width=8, multipliers=(1, 2))
    >>> generator = hwgen_keras.load(untrained, image_size=32)
    >>> hand = hwgen_keras.PenWriter(seed=1)
    >>> style = [hand.draw(character, image_size=48) for character in "あいう"]
    >>> images = generator.write("かきく", style, style_text="あいう")
    >>> images.shape, images.dtype
    ((3, 32, 32), dtype('uint8'))
    """

    def __init__(self, engine, facts):
        super().__init__(engine, facts)
        if self.image_size % engine.stride:
            raise InputError(
                f"image_size is {self.image_size}; {engine.name} needs a multiple of "
                f"{engine.stride}."
            )

    def write(
        self,
        text,
        style,
        *,
        style_text=None,
        fonts=None,
        seed=0,
        style_images=1,
        strength=None,
        batch_size=32,
        sampler=None,
        steps=None,
        guidance=None,
    ):
        """Writes each character of a text.

        The hand's slant and stretch are measured on style images of known characters,
        against the fonts' glyphs of the same characters, and given to the glyphs that
        are rewritten. With few known characters they are shrunk, see `measure_forms`.
        Without any, or if no font draws them, glyphs stay as they are.

        Args:
            text: n characters, a string or a list, none of them a space; of a string,
                those that the generator does not know are normalised (Ａ to A, ! to
                ！), see `normalise_text`.
            style: images by one hand: an array (n, height, width) of uint8 (0 ink,
                255 paper) or of floats in [-1, 1] (-1 ink), a folder of one person's
                images, or a list of paths, arrays or PIL images. See
                `inference.pictures.prepare` for how each is prepared.
            style_text: the characters of the style images: a string or a list, one
                for each image (of a folder in the order of the paths), None in a list
                where it is unknown; None: those that the file names in a folder give,
                see `folder_samples`, without Latin letters and digits.
            fonts: the fonts whose glyphs are rewritten: a font file, a folder, a
                `Font`, or a list of them, of which the first with the character is
                taken; None: IPAexGothic of the package matplotlib-fontja, or an
                installed font.
            seed: integer of 0 or more, from which follow the choice of style images
                and the noise of a diffusion model.
            style_images: number of style images for a character, whose styles are
                averaged; 4 give a steadier hand than 1. Exported models take 1.
            strength: strength of the style and of the glyphs' slant and stretch: 0
                none, 1 all, above overdrawn; None: all. For AdaIN generators in a
                `.keras` file.
            batch_size: characters written at once.
            sampler, steps, guidance: for diffusion models in a `.keras` file, see
                `DiffusionGenerator`; those that are None, and scales that `guidance`
                leaves out, are as stored.

        Returns:
            uint8 array (n, image_size, image_size), 0 ink, 255 paper.

        Raises:
            InputError: a character has no structure, no class or no glyph; an image
                cannot be read; `style_text` does not fit the images; a value is out of
                range; or the model or its format does not support an argument.
        """
        known = self.characters or ()
        characters = characters_of(text, "The text to write", keep=known)
        engine = self._sampling(sampler, steps, guidance)
        self._check(style_images, strength, seed)
        condition = self._facts.condition(engine, characters)
        hand, shown = pictures.in_hand(style, self.image_size, style_text)
        if style_images > len(hand):
            raise InputError(
                f"style_images is {style_images} and the style has {len(hand)} images; "
                "give more images, or a smaller number."
            )
        fonts = glyphs.font_list(fonts)  # A folder is searched once.
        drawn = glyphs.draw([c for c in shown if c], fonts, self.image_size)
        forms = glyphs.forms_of(hand, shown, drawn, self.image_size)
        if strength is not None:
            forms = strength * forms
        return write_glyphs(
            engine,
            glyphs.glyphs(characters, fonts, self.image_size, forms),
            [(hand, style_images, 1.0)],
            condition,
            seed=seed,
            strength=strength,
            batch_size=batch_size,
        )

    def _sampling(self, sampler, steps, guidance):
        settings = {"sampler": sampler, "steps": steps, "guidance": guidance}
        settings = {name: v for name, v in settings.items() if v is not None}
        if settings and self.kind != "diffusion":
            raise InputError(
                f"{next(iter(settings))} is for diffusion models; {self._engine.name} "
                "is none."
            )
        return self._engine.sampling(settings) if settings else self._engine

    def _check(self, style_images, strength, seed):
        name, exported = self._engine.name, self.format != "keras"
        check_whole(style_images, "style_images", 1)
        check_whole(seed, "seed", 0)
        if style_images > 1 and exported:
            raise InputError(
                f"style_images: {name} is exported and takes one image; load the "
                ".keras file to average several."
            )
        if strength is None:
            return
        if self.kind == "diffusion":
            raise InputError(
                "strength is for AdaIN generators; give guidance={'style': …} to a "
                "diffusion model."
            )
        if exported:
            raise InputError(
                f"strength: {name} is exported with all of the style; load the .keras "
                "file to choose it."
            )
        check_number(strength, "strength", "a number of 0 or more")
