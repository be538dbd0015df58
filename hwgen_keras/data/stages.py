"""The origins and the margins of images in the four training stages of a generator.

Reference: the published training schedule of nishizaki-lab's
Handwritten-Character-Image-Generation.
"""

import dataclasses
import types

from hwgen_keras.errors import InputError

REFERENCE, ANY_FONT, HANDWRITING = "reference font", "any font", "handwriting"

# In units of the image's side; the original's figures are pixels of 256.
FIXED_MARGIN = 20 / 256
RANDOM_MARGINS = (10 / 256, 40 / 256)
ROTATED_SHARE = 0.5
LARGEST_ANGLE = 15.0  # degrees
DROP_CONDITION_SHARE = 0.5


@dataclasses.dataclass(frozen=True)
class Images:
    """The images of one column of a pair.

    Attributes:
        origins: `REFERENCE`, `ANY_FONT` or `HANDWRITING`, drawn with equal chance.
        random_margins: (origin, probability of four random margins in place of the
            fixed place); 0 for other origins.
    """

    origins: tuple[str, ...]
    random_margins: tuple[tuple[str, float], ...] = ()


@dataclasses.dataclass(frozen=True)
class Stage:
    """The content images, and the style images, which are also the targets."""

    content: Images
    style: Images


STAGES = types.MappingProxyType(
    {
        "step1": Stage(Images((REFERENCE,)), Images((ANY_FONT,))),
        "step2": Stage(Images((ANY_FONT,)), Images((ANY_FONT,), ((ANY_FONT, 1.0),))),
        "step3": Stage(
            Images((ANY_FONT, HANDWRITING), ((HANDWRITING, 0.75),)),
            Images((ANY_FONT,)),
        ),
        "step_end": Stage(
            Images((ANY_FONT, HANDWRITING)), Images((ANY_FONT, HANDWRITING))
        ),
    }
)


def find_stage(stage):
    """The `Stage` of a name, or `stage` itself."""
    if isinstance(stage, Stage):
        return stage
    if stage not in STAGES:
        raise InputError(f"There is no stage {stage!r}; use {', '.join(STAGES)}.")
    return STAGES[stage]
