"""Model sizes as plain dicts: `tiny` for tests, `small` for a CPU, `base` the paper's.

Each value holds the arguments of a constructor, or is an argument.
"""

from typing import Any

_TINY: dict[str, Any] = {
    "width": 8,
    "multipliers": (1, 2),
    "attention": {"heads": 2, "head_width": 8},
}
_SMALL: dict[str, Any] = {"attention": {"heads": 2, "head_width": 16}}
_BASE = {"width": 64, "multipliers": (1, 2, 4, 8)}

SIZES: dict[str, dict[str, Any]] = {
    "tiny": {
        "image_encoder": {"widths": (8, 16, 32)},
        "text_encoder": {"width": 32, "depth": 1, "heads": 2},
        "projection": 32,
        "projection_dropout": 0.1,
        "generator": _TINY,
        "discriminator": {"widths": (8, 16)},
        "unet": _TINY | {"patch": 2, "style_width": 8},
        "stroke_transformer": {"width": 16, "depth": 1, "heads": 2},
        "classifier": {"widths": (8, 16, 32)},
    },
    "small": {
        "image_encoder": {"widths": (16, 32, 64, 128)},
        "text_encoder": {"width": 128, "depth": 2, "heads": 4},
        "projection": 128,
        "projection_dropout": 0.1,
        "generator": _SMALL | {"width": 16, "multipliers": (1, 3, 8)},
        "discriminator": {"widths": (32, 64, 128)},
        "unet": _SMALL
        | {"width": 32, "multipliers": (1, 2, 4), "patch": 2, "style_width": 16},
        "stroke_transformer": {"width": 128, "depth": 4, "heads": 4},
        "classifier": {"widths": (16, 32, 64, 128)},
    },
    "base": {
        "image_encoder": {"architecture": "resnet50"},
        "text_encoder": {"width": 768, "depth": 12, "heads": 12},
        "projection": 256,
        "projection_dropout": 0.0,
        "generator": _BASE,
        "discriminator": {"widths": (64, 128, 256, 512)},
        "unet": _BASE | {"patch": 2, "style_width": 32},
        "stroke_transformer": {"width": 256, "depth": 8, "heads": 8},
        "classifier": {"architecture": "resnet152"},
    },
}
"""The arguments of each network by the name of a size: `tiny`, `small`, `base`."""
