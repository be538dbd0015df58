"""python -m experiments.train_generator --mode=adain_clip --stage=all --fonts=FONTS
    --handwriting=MANIFEST --clip_weights=RUN

Step 2: trains the generator against the discriminator. The four stages follow each
other, each from the weights of the one before: step1 (reference font → any font),
step2 (any font → any font, elsewhere in the square), step3 (fonts and handwriting →
fonts), step_end (fonts and handwriting → fonts and handwriting). `--stage=all` walks
all four. Writes generator.keras and discriminator.keras into the run folder.
"""

import dataclasses

from hwgen_keras import models, training
from hwgen_keras.errors import InputError
from hwgen_keras.settings import by_size, setting
from hwgen_keras.training.settings import CONDITIONS, Stages, trained

from . import flags


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(Stages):
    """Settings of the training of an AdaIN generator."""

    DEFAULTS = by_size(
        image_size=(32, 64, 256),
        batch_size=(8, 16, 8),
        steps=(100, 2000, None),
        learning_rate=(1e-3, 1e-3, 4.5e-6),
        schedule=("cosine", "cosine", "constant"),
        pixel_weight=(10.0, 10.0, 1.0),
        explicit_weight=(0.1, 0.1, 1.0),
        adversarial_weight=(0.1, 0.1, 1.0),
        ema=(None, None, 0.0),
    )
    clip_weights: str = trained("CLIP, for the explicit loss", "clip.keras", True)
    discriminator_weights: str | None = trained("discriminator", "discriminator.keras")
    mode: str = setting(
        "adain_clip",
        "The generator's condition besides the glyph: none, a learned embedding of "
        "the character, or CLIP's embedding of its structure.",
        choices=("adain", *(f"adain_{name}" for name in CONDITIONS)),
    )
    perceptual: str = setting(
        "auto",
        "Features of the perceptual loss: VGG16, its channels alike or weighted as in "
        "LPIPS, or the image encoder of CLIP; auto takes vgg16 if --vgg16_weights is "
        "given. The choice is printed and stored.",
        choices=("auto", "vgg16", "lpips", "image_encoder"),
    )
    vgg16_weights: str | None = setting(
        None,
        "ImageNet weights of VGG16: Keras's without the top (.h5), `imagenet` to let "
        "Keras download them, or torchvision's (.pth, .safetensors), as lpips needs.",
    )
    pixel_weight: float = setting(
        None,
        "Weight of the absolute difference of pixels; 1 as published, more for the "
        "short trainings of tiny and small.",
        at_least=0,
    )
    pixel_distance: str | None = setting(
        None,
        "Difference of pixels: absolute at full size, as published, or its mean over "
        "several sizes, which keeps strokes that do not meet the target's; default of "
        "--style_reference=writer.",
        choices=("absolute", "pyramid"),
    )
    implicit_weight: float = setting(
        10.0,
        "Weight of the implicit loss, of style statistics; 10 as published.",
        at_least=0,
    )
    implicit_trains_style: bool | None = setting(
        None,
        "Whether the implicit loss moves the style statistics themselves, as "
        "published, or only the generated image towards them, the default of "
        "--style_reference=writer, where it would make all hands alike.",
    )
    explicit_weight: float = setting(
        None, "Weight of the CLIP loss; 1 as published.", at_least=0
    )
    adversarial_weight: float = setting(
        None,
        "Multiplies the adaptive weight of the adversarial loss; 1 as published.",
        at_least=0,
    )
    discriminator_learning_rate: float | None = setting(
        None,
        "Adam's learning rate of the discriminator; default: the generator's.",
        above=0,
    )
    discriminator_norm: str = setting(
        "batch",
        "Normalisation in the discriminator: of the batch, as published, or spectral.",
        choices=("batch", "spectral"),
    )
    discriminator_augment: tuple[str, ...] = setting(
        (),
        "Differentiable changes of the images the discriminator judges, joined by "
        "commas: translation, cutout, contrast; none as published.",
        choices=("translation", "cutout", "contrast"),
        separator=",",
    )
    instance_noise: float = setting(
        0.0,
        "Standard deviation of noise added to the images the discriminator judges; 0 "
        "as published.",
        at_least=0,
    )

    def derived(self):
        published = self.style_reference == "target"
        return super().derived() | {
            "pixel_distance": "absolute" if published else "pyramid",
            "implicit_trains_style": published,
        }

    def check(self):
        super().check()
        stride = 2 ** (len(models.SIZES[self.size]["generator"]["multipliers"]) - 1)
        models.check_stride(self.image_size, stride)
        if self.perceptual in ("vgg16", "lpips") and self.vgg16_weights is None:
            kinds = {"vgg16": "a file, or `imagenet`", "lpips": "those of torchvision"}
            raise InputError(
                f"--perceptual={self.perceptual} needs --vgg16_weights: "
                f"{kinds[self.perceptual]}."
            )
        models.check_vgg16(self.vgg16_weights, self.perceptual == "lpips")


def main(settings):
    return training.walk(training.resumed(settings), train_stage)


def train_stage(settings, model=None):
    """See `training.train_stage`."""
    return training.train_stage(
        "train_generator",
        settings,
        model,
        training.style_transfer,
        training.generated_probes,
        notes=lambda model: {"perceptual_features": model.features.description},
        save=lambda run, model: run.save(model.discriminator, "discriminator.keras"),
    )


if __name__ == "__main__":
    flags.run(main, Settings, __doc__)
