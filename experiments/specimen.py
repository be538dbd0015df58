"""python -m experiments.specimen --text="いろはにほへと" --generator_weights=RUN
    --fonts=FONTS --handwriting=HAND --output=page.pdf

A page of a text in a hand: every character is written anew, in the style of several
images of the hand (--style_images), and set on A4, a little unevenly (--jitter). HAND
is a manifest, or a folder of images named by character (あ_2.png). --hand_2 and --mix
write in a hand between two. Of what --characters lacks, small kana are the large ones,
smaller; punctuation and lower-case letters come from the font as it is.
A stroke writer needs no fonts: it writes all that KanjiVG has, in the hand of
--handwriting or --strokes, or in a new one; --output=page.pdf or .svg are vectors then.
--animated makes of the .svg one that is written stroke by stroke.
"""

import dataclasses
import pathlib

from hwgen_keras import generation, inputs, models
from hwgen_keras.characters import normalise_text
from hwgen_keras.errors import InputError
from hwgen_keras.generation.settings import (
    FormSettings,
    SamplingSettings,
    WriterSettings,
)
from hwgen_keras.inputs.settings import Handwriting, Images, ReferenceFont, Structures
from hwgen_keras.settings import NOTHING, NewOutput, Seed, rules_of, setting
from hwgen_keras.training.settings import trained

from . import flags, specimens


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(
    *(ReferenceFont, Handwriting, Images, Structures),
    *(SamplingSettings, FormSettings, WriterSettings, Seed, NewOutput),
):
    """Settings of a page."""

    DEFAULTS = {None: {"image_size": 64}}
    generator_weights: str = trained("generator", "generator.keras", True)
    batch_size: int = setting(
        64, "Characters that are written at once.", changes=NOTHING, above=0
    )
    text: str | None = setting(None, "Text to write.")
    text_file: str | None = setting(
        None, "UTF-8 file of the text to write; its lines are kept."
    )
    writer: str | None = setting(
        None,
        "Writer whose images of --handwriting are the hand, if they are by several.",
    )
    hand_2: str | None = setting(
        None, "Second hand to mix with the first: a manifest or a folder of images."
    )
    writer_2: str | None = setting(None, "As --writer, of --hand_2.")
    mix: float = setting(
        0.5, "Share of the second hand, from 0 to 1.", at_least=0, at_most=1
    )
    strength: float | None = setting(
        None,
        "How much of the hand's style, of AdaIN generators: 0 none, the font's own; 1 "
        "all of it, as without the flag; a diffusion model has --guidance_style.",
        at_least=0,
        at_most=5,
    )
    style_images: int | None = setting(
        None,
        "Images of a hand whose styles are averaged for a character; default: 4, or "
        "all there are.",
        above=0,
    )
    writing: str = setting(
        "horizontal",
        "Direction of the lines; vertical ones follow each other from right to left.",
        choices=("horizontal", "vertical"),
    )
    cell: float = setting(12.0, "Side of a character's cell in mm.", above=0)
    dpi: int = setting(300, "Pixels an inch.", at_least=50, at_most=1200)
    jitter: float = setting(
        1.0,
        "How much characters are moved, turned and scaled; 0: not at all.",
        at_least=0,
        at_most=5,
    )
    animated: bool = setting(
        False, "Of an .svg: it is written stroke by stroke, once it is shown."
    )

    @property
    def grid(self):
        """The `Grid` of the page."""
        vertical = self.writing == "vertical"
        return specimens.Grid(self.cell, dpi=self.dpi, vertical=vertical)

    def check(self):
        super().check()
        output = pathlib.Path(self.output)
        if output.suffix.lower() not in (".png", ".pdf", ".svg"):
            raise InputError(f"--output: {output} must end in .png, .pdf or .svg.")
        if self.animated and output.suffix.lower() != ".svg":
            raise InputError(f"--animated: {output} stands still; write an .svg.")
        if (self.text is None) == (self.text_file is None):
            raise InputError("Give one of --text and --text_file.")
        if not self.grid.length or not self.grid.lines:
            raise InputError(f"--cell is {self.cell} mm, which no page has room for.")


def main(settings):
    text = read_text(settings)
    places = specimens.lay_out(text, settings.grid)
    count, output = 1 + places[-1].page, pathlib.Path(settings.output)
    suffix = output.suffix.lower()
    if count > 1 and suffix != ".pdf":
        raise InputError(
            f"--output: the text takes {count} pages and a {suffix[1:].upper()} has "
            "one; write a .pdf, or choose a smaller --cell."
        )
    generator = generation.sampling.load(settings)
    if isinstance(generator, models.StrokeWriter):
        return write_strokes(settings, generator, text, places)
    if suffix == ".svg":
        raise InputError(
            f"--output: {output}: a {type(generator).__name__} writes pixels; write a "
            ".png or a .pdf, or give a stroke writer."
        )
    own = rules_of(WriterSettings)
    generation.writing.check_flags(settings, own, "a stroke writer", generator)
    if settings.strength is not None and generator.mode == "diffusion":
        raise InputError("--strength is for AdaIN generators; use --guidance_style.")
    hands = specimens.load_hands(settings)
    images, copied, enlarged = specimens.write(settings, generator, text, hands)
    seed, jitter = settings.seed, settings.jitter
    pages = specimens.draw_pages(
        settings.grid, text, places, images, seed, jitter, enlarged
    )
    specimens.save_pages(output, pages, settings.dpi)
    names = " and ".join(hand.name for hand in hands)
    marks = "".join(dict.fromkeys(copied))
    print(
        f"{len(images) - len(copied)} characters in the hand of {names}, "
        + (f"{len(copied)} from the font ({marks}), " if copied else "")
        + f"{len(pages)} page{'s' * (len(pages) > 1)}. Saved {output}"
    )
    return output


def write_strokes(settings, writer, text, places):
    """Writes the page with a stroke writer."""
    output, grid = pathlib.Path(settings.output), settings.grid
    tracks, name = specimens.write_strokes(settings, writer, text)
    common, count = (settings.seed, settings.jitter), 1 + places[-1].page
    if output.suffix.lower() == ".png":
        images = specimens.draw_strokes(tracks, grid)
        pages = specimens.draw_pages(grid, text, places, images, *common)
        specimens.save_pages(output, pages, settings.dpi)
    elif settings.animated:
        specimens.save_animated_page(output, grid, text, places, tracks, *common)
    else:
        pages = specimens.draw_vector_pages(grid, text, places, tracks, *common)
        specimens.save_vector_pages(output, pages, grid)
    print(
        f"{len(tracks)} characters in the hand of {name}, "
        f"{count} page{'s' * (count > 1)}. Saved {output}"
    )
    return output


def read_text(settings):
    """The text to write, see `normalise_text`."""
    text, file = settings.text, settings.text_file
    if text is None:
        try:
            text = pathlib.Path(file).read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(
                f"--text_file: {file} cannot be read as UTF-8 text ({error})."
            ) from None
    known = inputs.load_characters(settings)
    text = normalise_text(text, known).replace("\r\n", "\n").strip("\n")
    if not text.strip():
        raise InputError("The text to write is empty.")
    return text


if __name__ == "__main__":
    flags.run(main, Settings, __doc__)
