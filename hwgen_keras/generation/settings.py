"""Settings of the sampling of a generator, and of a generated set."""

import dataclasses

from hwgen_keras.errors import InputError
from hwgen_keras.settings import Settings, setting


def _guidance(what):
    return setting(
        None,
        f"Guidance scale of {what}: 1 as trained, 0 without it; "
        "each other than 1 costs one more evaluation a step [as stored in the model].",
        at_least=0,
    )


def _looks():
    from hwgen_keras.sources.looks import LOOKS

    return LOOKS


def _samplers():
    # It imports Keras, which --help must not wait for.
    from hwgen_keras.samplers import SAMPLERS

    return SAMPLERS


@dataclasses.dataclass(frozen=True, kw_only=True)
class SamplingSettings(Settings):
    """How a trained diffusion model or stroke writer samples."""

    sampler: str | None = setting(
        None,
        "Sampler of a diffusion model or stroke writer: ddim, dpm_solver or heun, "
        "which needs at least 4 steps [as stored in the model].",
        choices=_samplers,
    )
    sampling_steps: int | None = setting(
        None,
        "Sampling steps of a diffusion model or stroke writer [as stored in the "
        "model].",
        at_least=1,
    )
    guidance_content: float | None = _guidance("the glyph in a diffusion model")
    guidance_style: float | None = _guidance("the style in a diffusion model")
    guidance_condition: float | None = _guidance("the condition in a diffusion model")


@dataclasses.dataclass(frozen=True, kw_only=True)
class FormSettings(Settings):
    """Whether glyphs take the slant and stretch of a hand."""

    follow_forms: bool = setting(
        True,
        "Give each glyph the slant and stretch of the hand beyond those of its font, "
        "measured on all images of the hand.",
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class WriterSampling(Settings):
    """How a stroke writer samples besides `SamplingSettings`."""

    guidance_hand: float | None = _guidance("the hand in a stroke writer")
    temperature: float | None = setting(
        None,
        "Factor on the noise of a stroke writer: below 1 characters of a hand vary "
        "less, 0 gives each one form [as stored in the model].",
        at_least=0,
    )
    join_temperature: float | None = setting(
        None,
        "The same of the pen's ways between strokes and of what strokes are left out; "
        "with 1 a stroke writer joins strokes as often as the hand does. Default: as "
        "stored in the model, or --temperature.",
        at_least=0,
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class WriterSettings(WriterSampling):
    """The hands of a stroke writer, and how it samples besides `SamplingSettings`."""

    strokes: tuple[str, ...] = setting(
        (),
        "Stroke stores whose writers are the hands of a stroke writer, joined by "
        "commas.",
        separator=",",
    )
    hand_samples: int = setting(
        20,
        "Characters of its hand that a stroke writer is shown for each image, at most.",
        above=0,
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class LookSettings(Settings):
    """How what was written looks."""

    look: str = setting(
        "clean",
        "Look of what is written: clean; pen, with which each hand of a stroke writer "
        "has a ball pen, a pencil, a felt pen or a brush; or scan, which adds paper "
        "and a scanner.",
        choices=_looks,
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class WritingSettings(SamplingSettings, FormSettings, WriterSettings, LookSettings):
    """The sources of a generated set, and the checks of its images."""

    new_hands: int = setting(
        0,
        "Number of hands that a stroke writer makes up; they follow from --seed.",
        at_least=0,
    )
    content: str = setting(
        "fonts",
        "Images to rewrite: glyphs of --fonts, images by --simulated_writers, whose "
        "letter forms no font has, or both.",
        choices=("fonts", "simulated", "both"),
    )
    style_hands: tuple[str, ...] = setting(
        (),
        "Hands to write in, such as real,simulated: real handwriting, "
        "--simulated_writers, and fonts, each as a hand. Default: real and simulated, "
        "if they are given; of augmentation_gain real.",
        choices=("fonts", "real", "simulated"),
        separator=",",
    )
    style_from: str = setting(
        "any",
        "Style images: any character by a hand, or the same one where there is one.",
        choices=("any", "same_character"),
    )
    style_images: int = setting(
        1,
        "Style images by one hand for each image to write; their styles are averaged.",
        above=0,
    )
    reader: str | None = setting(
        None,
        "Recogniser that reads each image: classifier.keras, or its run folder. The "
        "generator must not be trained with it.",
    )
    min_content_score: float | None = setting(
        None,
        "Reject and redraw images to whose character --reader gives a lower "
        "probability. Default: only record the probability.",
        at_least=0,
        at_most=1,
    )
    reject_duplicates: bool = setting(
        False,
        "Reject and redraw images that almost equal another of their character.",
    )
    max_attempts: int = setting(
        5,
        "Most attempts for a row, after which it is left out. Blank images are always "
        "rejected.",
        above=0,
    )

    def check(self) -> None:
        super().check()
        if self.min_content_score is not None and self.reader is None:
            raise InputError(
                "--min_content_score needs --reader, a recogniser that gives the "
                "scores."
            )
