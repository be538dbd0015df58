"""python -m experiments.train_diffusion --condition=clip --stage=all --fonts=FONTS
    --handwriting=MANIFEST --clip_weights=RUN

Step 2, the other way: trains a diffusion model in place of train_generator's AdaIN
generator, on the same data in the same four stages (--stage). Writes generator.keras
into the run folder, which all scripts with --generator_weights take.
"""

import dataclasses

from hwgen_keras import models, training
from hwgen_keras.settings import by_size, setting
from hwgen_keras.training.settings import CharacterCondition, Stages

from . import flags


def _dropped(what):
    return setting(
        0.1, f"Share of rows without the {what}, for guidance.", at_least=0, below=1
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(CharacterCondition, Stages):
    """Settings of the training of a diffusion model."""

    DEFAULTS = by_size(
        image_size=(32, 64, 256),
        batch_size=(8, 32, 32),
        steps=(100, 4000, None),
        learning_rate=(1e-3, 1e-3, 1e-4),
        schedule=("cosine", "cosine", "constant"),
        ema=(None, None, 0.999),
    )
    style_attention: bool = setting(
        False, "Also attend to the style image at all positions."
    )
    noise_schedule: str = setting(
        "cosine", "How noise grows with time in training.", choices=("cosine", "linear")
    )
    parameterization: str = setting(
        "velocity", "What the network predicts.", choices=("velocity", "noise", "image")
    )
    min_snr_gamma: float = setting(
        5.0,
        "Signal-to-noise ratios above this one weigh as much as it; 0: every row of a "
        "batch weighs the same.",
        at_least=0,
    )
    drop_content: float = _dropped("glyph")
    drop_style: float = _dropped("style")

    def check(self):
        super().check()
        unet = models.SIZES[self.size]["unet"]
        stride = unet["patch"] * 2 ** (len(unet["multipliers"]) - 1)
        models.check_stride(self.image_size, stride)


def main(settings):
    return training.walk(training.resumed(settings), train_stage)


def train_stage(settings, model=None):
    """See `training.train_stage`."""
    return training.train_stage(
        "train_diffusion",
        settings,
        model,
        training.diffusion,
        training.denoising_probes,
    )


if __name__ == "__main__":
    flags.run(main, Settings, __doc__)
