"""Settings of the sampling of a generator, and of a generated set."""

import dataclasses

from hwgen_keras.errors import InputError
from hwgen_keras.settings import Settings, setting


def _guidance(what):
    return setting(
        None,
        f"How much a diffusion model overdraws {what}: 1 as learned, 0 not at all; "
        "each that is not 1 costs one more evaluation a step [as stored in the model].",
        at_least=0,
    )


def _samplers():
    # With Keras, which --help must not wait for.
    from hwgen_keras.samplers import SAMPLERS

    return SAMPLERS


@dataclasses.dataclass(frozen=True, kw_only=True)
class SamplingSettings(Settings):
    """How a trained diffusion model samples."""

    sampler: str | None = setting(
        None,
        "How a diffusion model goes from noise to image: ddim, dpm_solver or heun, "
        "which needs at least 4 steps [as stored in the model].",
        choices=_samplers,
    )
    sampling_steps: int | None = setting(
        None,
        "Steps of a diffusion model from noise to image [as stored in the model].",
        at_least=1,
    )
    guidance_content: float | None = _guidance("the glyph")
    guidance_style: float | None = _guidance("the style")
    guidance_condition: float | None = _guidance("what it was told of the character")


@dataclasses.dataclass(frozen=True, kw_only=True)
class FormSettings(Settings):
    """Whether glyphs take the slant and stretch of a hand."""

    follow_forms: bool = setting(
        True,
        "Bend each glyph by how the hand leans and stretches characters more than the "
        "font does, measured on all its images.",
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class WritingSettings(SamplingSettings, FormSettings):
    """The sources of a generated set, and the checks of its images."""

    content: str = setting(
        "fonts",
        "What is rewritten: glyphs of --fonts, what --simulated_writers write, whose "
        "letter forms no font has, or both.",
        choices=("fonts", "simulated", "both"),
    )
    style_hands: tuple[str, ...] = setting(
        (),
        "Whose hands to write in, such as real,simulated: real handwriting, "
        "--simulated_writers, and fonts, each taken for a hand. Default: real and "
        "simulated, what is given of them; of augmentation_gain real.",
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
        "Images by one hand that are shown for each image to write; their styles are "
        "averaged.",
        above=0,
    )
    reader: str | None = setting(
        None,
        "Recogniser that reads each image: classifier.keras, or its run folder; none "
        "that the generator was trained with.",
    )
    min_content_score: float | None = setting(
        None,
        "Reject and redraw images to whose character --reader gives a lower "
        "probability. Default: note the probability alone.",
        at_least=0,
        at_most=1,
    )
    reject_duplicates: bool = setting(
        False,
        "Reject and redraw what is almost the same as an image of its character.",
    )
    max_attempts: int = setting(
        5,
        "Images made for a row at most; a row whose images are all rejected is left "
        "out. Blank images are always rejected.",
        above=0,
    )

    def check(self) -> None:
        super().check()
        if self.min_content_score is not None and self.reader is None:
            raise InputError(
                "--min_content_score needs --reader, a recogniser that gives the "
                "scores."
            )
