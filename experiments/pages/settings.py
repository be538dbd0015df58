"""Settings that all images of one output share."""

import dataclasses

from hwgen_keras.settings import Settings, setting


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cleaning(Settings):
    """How images are cleaned."""

    image_size: int = setting(128, "Side of the images in pixels.", at_least=8)
    stroke_width: float = setting(
        0.06,
        "Mean width of strokes as a share of the image's side; 0 keeps the pen's.",
        at_least=0,
        at_most=0.3,
    )
