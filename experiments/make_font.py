"""python -m experiments.make_font --simulated_writer=1 --output=hand.otf

An OpenType font of one hand: kana, the kanji of --characters, punctuation and ASCII.
The outlines are those of the strokes that a simulated writer or a writer of a stroke
store (--strokes) writes. A stroke writer (--generator_weights) writes all of KanjiVG in
the hand of a folder of images (--handwriting), of --strokes, or in a new one. Each kana
has --variants forms that take turns in a text; lines may run across or down. Characters
that the hand does not write are left out and listed.
"""

import dataclasses
import pathlib

from hwgen_keras import inputs, vectors
from hwgen_keras.errors import InputError
from hwgen_keras.files import complete_file, writable
from hwgen_keras.generation.settings import SamplingSettings, WriterSettings
from hwgen_keras.inference.glyphs import listed
from hwgen_keras.inputs.settings import (
    Characters,
    Handwriting,
    Images,
    WriterPattern,
)
from hwgen_keras.settings import NewOutput, Seed, like, setting
from hwgen_keras.training.settings import trained

from . import flags, hand_fonts


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(
    *(Characters, WriterPattern, Handwriting),
    *(SamplingSettings, WriterSettings, Seed, NewOutput),
):
    """Settings of a font."""

    # All characters of a hand show it.
    skip_unknown_characters = False

    generator_weights: str | None = trained("stroke writer", "generator.keras")
    characters: str = like(Characters, "characters", default="japanese")
    cache: str = like(Images, "cache")
    simulated_writer: int | None = setting(
        None, "Seed of the simulated writer whose hand it is.", at_least=0
    )
    strokes: str | None = setting(
        None, "A .store of strokes, whose writer's hand it is."
    )
    writer: str | None = setting(
        None, "Writer of --strokes or --handwriting, if they are by several."
    )
    variants: int = setting(
        3, "Forms of each kana that take turns.", at_least=1, at_most=9
    )
    tolerance: float = setting(
        1.5,
        "Greatest distance of outlines from the ink, in thousandths of the em; a "
        "larger one gives smoother lines and a smaller file.",
        at_least=0.1,
        at_most=20,
    )
    family: str | None = setting(None, "Name of the font; default: that of the file.")
    designer: str | None = setting(None, "Whose hand it is; default: the writer.")
    copyright: str | None = setting(None, "Copyright notice of the font.")
    licence: str | None = setting(
        None,
        "Text of the font's licence; default: that of the strokes, where it is known.",
    )
    licence_url: str | None = setting(None, "Address of the licence's text.")
    font_version: str = setting("1.000", "Version of the font.")

    def check(self):
        super().check()
        output = pathlib.Path(self.output)
        if output.suffix.lower() != ".otf":
            raise InputError(f"--output: {output} must end in .otf.")
        hand_fonts.check_source(self)
        if self.writer is not None and not (self.strokes or self.handwriting):
            raise InputError("--writer names a writer of --strokes; give that, too.")
        url = self.licence_url
        if url is not None and self.licence is None:
            raise InputError(
                "--licence_url is given without --licence; give the text, too."
            )
        if url is not None and not url.startswith(("http://", "https://")):
            raise InputError(
                f"--licence_url: {url} must begin with https:// or http://."
            )


def main(settings):
    characters = inputs.load_characters(settings)
    source = hand_fonts.load_source(settings)
    names = names_of(settings, source)
    written, missing = choose(hand_fonts.wanted_characters(characters), source)
    if not any(character in characters for character in written):
        raise InputError(
            f"{source.name} writes no character of {characters.name}; choose another "
            "--characters or another writer."
        )
    tracks, owners = write(source, written, settings.variants)
    output = pathlib.Path(settings.output)
    with writable(output, "--output"):
        outlines = hand_fonts.draw_outlines(tracks, settings.tolerance / 1000)
        glyphs = {}
        for character, outline in zip(owners, outlines, strict=True):
            if outline.contours:
                glyphs.setdefault(character, []).append(outline)
        missing += [character for character in written if character not in glyphs]
        glyphs, single = equal_counts(glyphs, settings.variants)
        font = vectors.build_font(glyphs, names)
        with complete_file(output) as partial:
            font.save(partial)
    report(font, glyphs, source, characters, missing, single)
    print(f"{output.stat().st_size / 1e6:.1f} MB. Saved {output}")
    return output


def names_of(settings, source):
    """The `FontNames` of the flags, and of the source where they say nothing."""
    own = settings.licence is None
    return vectors.FontNames(
        family=settings.family or pathlib.Path(settings.output).stem,
        designer=settings.designer or source.name,
        copyright=settings.copyright or "",
        description=source.description,
        licence=source.licence if own else settings.licence,
        licence_url=source.licence_url if own else settings.licence_url or "",
        version=settings.font_version,
    )


def choose(wanted, source):
    """{character: how the source spells it}, and the characters it does not write."""
    written, missing = {}, []
    for character in wanted:
        able = (c for c in hand_fonts.spellings(character) if source.samples(c))
        spelling = next(able, None)
        if spelling is None:
            missing.append(character)
        else:
            written[character] = spelling
    return written, missing


def write(source, written, variants):
    """The tracks of all glyphs, and the character of each."""
    wanted, owners = [], []
    for character, spelling in written.items():
        count = variants if hand_fonts.alternates(character) else 1
        for sample in range(int(min(count, source.samples(spelling)))):
            wanted.append((spelling, sample))
            owners.append(character)
    return source.write(wanted), owners


def equal_counts(glyphs, variants):
    """Glyphs with all the variants or one, and the kana that have one alone."""
    single = [
        character
        for character, outlines in glyphs.items()
        if hand_fonts.alternates(character) and len(outlines) < variants
    ]
    return glyphs | {character: glyphs[character][:1] for character in single}, single


def report(font, glyphs, source, characters, missing, single):
    """Prints what the font has and what it lacks."""
    if missing:
        print(
            f"Left out, since {source.name} does not write them: {len(missing)} "
            f"characters ({listed(missing)})"
        )
    if single:
        print(f"With too few samples to take turns: {listed(single)}")
    known = sum(character in glyphs for character in characters)
    curves = sum(outline.curves for forms in glyphs.values() for outline in forms)
    print(
        f"{known} of the {len(characters)} characters of {characters.name} and "
        f"{len(glyphs) - known} others in the hand of {source.name}, "
        f"{len(font.getGlyphOrder())} glyphs with {curves} curves,",
        end=" ",
    )


if __name__ == "__main__":
    flags.run(main, Settings, __doc__)
