"""The four steps of training as a table: which images meet, and where they sit.

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
    """Where one image of a pair comes from.

    Attributes:
        origins: `REFERENCE`, `ANY_FONT` or `HANDWRITING`, drawn with equal chance.
        random_margins: for each origin, the chance of four random margins instead
            of the fixed place; 0 where it is not named.
    """

    origins: tuple[str, ...]
    random_margins: tuple[tuple[str, float], ...] = ()

    def chance_of_random_margins(self, origin):
        return dict(self.random_margins).get(origin, 0.0)


@dataclasses.dataclass(frozen=True)
class Step:
    """One step: the content image, and the style image, which is also the target."""

    content: Images
    style: Images


STEPS = types.MappingProxyType(
    {
        "step1": Step(
            content=Images((REFERENCE,)),
            style=Images((ANY_FONT,)),
        ),
        "step2": Step(
            content=Images((ANY_FONT,)),
            style=Images((ANY_FONT,), random_margins=((ANY_FONT, 1.0),)),
        ),
        "step3": Step(
            content=Images(
                (ANY_FONT, HANDWRITING), random_margins=((HANDWRITING, 0.75),)
            ),
            style=Images((ANY_FONT,)),
        ),
        "step_end": Step(
            content=Images((ANY_FONT, HANDWRITING)),
            style=Images((ANY_FONT, HANDWRITING)),
        ),
    }
)


def find_step(step):
    """The `Step` of a name, or `step` itself if it is one.

    Raises:
        InputError: there is no step of that name.
    """
    if isinstance(step, Step):
        return step
    if step not in STEPS:
        raise InputError(f"There is no step {step!r}; use one of {', '.join(STEPS)}.")
    return STEPS[step]
