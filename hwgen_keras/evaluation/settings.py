"""Settings of scripts that evaluate recognisers."""

import dataclasses

from hwgen_keras.inputs.settings import Images
from hwgen_keras.settings import Size, by_size, setting


@dataclasses.dataclass(frozen=True, kw_only=True)
class RecogniserImages(Images, Size):
    """Images of the size that a recogniser takes."""

    DEFAULTS = by_size(image_size=(32, 64, 224))


@dataclasses.dataclass(frozen=True, kw_only=True)
class TestSet(RecogniserImages):
    """Test images, which no training uses."""

    __test__ = False  # for pytest, which collects by name

    test: str = setting(
        None,
        "Manifest, store or folder of the test images, by writers whom no recogniser "
        "was trained on.",
        required=True,
    )
    macro_over: str | None = setting(
        None,
        "Character set that macro-F1 is over (the original: etl8); default: what the "
        "test images show.",
    )
