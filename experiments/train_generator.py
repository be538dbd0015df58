"""python -m experiments.train_generator --mode=adain_clip --step=all --fonts=FONTS
    --handwriting=MANIFEST --clip_weights=RUN

Step 2: trains the generator against the discriminator. The four steps follow each
other, each from the weights of the one before: step1 (reference font → any font),
step2 (any font → any font, elsewhere in the square), step3 (fonts and handwriting →
fonts), step_end (fonts and handwriting → fonts and handwriting). `--step=all` walks
all four. Writes generator.keras and discriminator.keras into the run folder.
"""

from hwgen_keras.training import stages as four_steps
from hwgen_keras.training.networks import CONDITIONS

from .flags import common
from .flags.vocabulary import TRAINING

FLAGS = (
    *four_steps.FLAGS,
    *("generator_weights", "discriminator_weights", *TRAINING),
)
EXTRA = {
    **four_steps.EXTRA,
    "mode": (
        common.flags.DEFINE_enum,
        "adain_clip",
        ["adain", *(f"adain_{name}" for name in CONDITIONS)],
        "What tells the generator the character: nothing, a learned embedding, or "
        "CLIP's embedding of its structure.",
    ),
    "perceptual": (
        common.flags.DEFINE_enum,
        "auto",
        ["auto", "vgg16", "image_encoder"],
        "Features of the perceptual loss: VGG16, or the image encoder of CLIP; auto "
        "takes VGG16 if --vgg16_weights is given. The choice is printed and stored.",
    ),
    "vgg16_weights": (
        common.flags.DEFINE_string,
        None,
        "ImageNet weights of VGG16 without the top (.h5), or `imagenet` to let Keras "
        "download them.",
    ),
    "pixel_weight": (
        common.flags.DEFINE_float,
        None,
        "Weight of the absolute difference of pixels; 1 as published (base), 10 for "
        "the short trainings of tiny and small.",
    ),
    "pixel_distance": (
        common.flags.DEFINE_enum,
        None,
        ["absolute", "pyramid"],
        "Difference of pixels: absolute at full size, as published, or its mean over "
        "several sizes, which keeps strokes that do not meet the target's; default of "
        "--style_reference=writer.",
    ),
    "implicit_weight": (
        common.flags.DEFINE_float,
        10.0,
        "Weight of the implicit loss, of style statistics; 10 as published.",
    ),
    "implicit_trains_style": (
        common.flags.DEFINE_boolean,
        None,
        "Whether the implicit loss moves the style statistics themselves, as "
        "published, or only the generated image towards them, which is the default of "
        "--style_reference=writer: it makes all hands alike where nothing else holds "
        "them apart.",
    ),
    "explicit_weight": (
        common.flags.DEFINE_float,
        None,
        "Weight of the CLIP loss; 1 as published (base), 0.1 for tiny and small.",
    ),
    "adversarial_weight": (
        common.flags.DEFINE_float,
        None,
        "Multiplies the adaptive weight of the adversarial loss; 1 as published "
        "(base), 0.1 for tiny and small.",
    ),
    "discriminator_learning_rate": (
        common.flags.DEFINE_float,
        None,
        "Adam's learning rate of the discriminator; default: the generator's.",
    ),
    "discriminator_norm": (
        common.flags.DEFINE_enum,
        "batch",
        ["batch", "spectral"],
        "Normalisation in the discriminator: of the batch, as published, or spectral.",
    ),
    "discriminator_augment": (
        common.flags.DEFINE_string,
        "none",
        "Differentiable changes of the images the discriminator judges, joined by "
        "commas: translation, cutout, contrast; none as published.",
    ),
    "instance_noise": (
        common.flags.DEFINE_float,
        0.0,
        "Standard deviation of noise added to the images the discriminator judges; 0 "
        "as published.",
    ),
}
DEFAULTS = {
    "tiny": {
        "image_size": 32,
        "batch_size": 8,
        "steps": 100,
        "learning_rate": 1e-3,
        "schedule": "cosine",
        "pixel_weight": 10.0,
        "explicit_weight": 0.1,
        "adversarial_weight": 0.1,
    },
    "small": {
        "image_size": 64,
        "batch_size": 16,
        "steps": 2000,
        "learning_rate": 1e-3,
        "schedule": "cosine",
        "pixel_weight": 10.0,
        "explicit_weight": 0.1,
        "adversarial_weight": 0.1,
    },
    "base": {
        "image_size": 256,
        "batch_size": 8,
        "learning_rate": 4.5e-6,
        "schedule": "constant",
        "pixel_weight": 1.0,
        "explicit_weight": 1.0,
        "adversarial_weight": 1.0,
        "ema": 0.0,
    },
}


def main(options):
    from hwgen_keras.errors import InputError
    from hwgen_keras.models import SIZES
    from hwgen_keras.training import networks as generator_model
    from hwgen_keras.training import recipes

    common.complete(options, DEFAULTS)
    common.check_positive(options, "image_size", "batch_size", "steps", "learning_rate")
    recipes.check_schedule(options, plateau=False)
    generator_model.complete(options)
    stride = 2 ** (len(SIZES[options.size]["generator"]["multipliers"]) - 1)
    recipes.check_stride(options.image_size, stride)
    generator_model.check(options)
    if options.clip_weights is None:
        raise InputError(
            "--clip_weights is needed: CLIP gives the explicit loss, and the condition "
            "of the mode adain_clip."
        )
    return four_steps.walk(options, train_step)


def train_step(options, model=None):
    """See `four_steps.train_step`."""
    from hwgen_keras.training.networks import style_transfer

    return four_steps.train_step(
        "train_generator",
        options,
        model,
        style_transfer,
        probe_sheet,
        notes=lambda model: {"perceptual_features": model.features.description},
        save=lambda run, model: run.save(model.discriminator, "discriminator.keras"),
    )


def probe_sheet(batch):
    """A function, model → picture of the same rows, rewritten by the model."""
    import keras

    from hwgen_keras.evaluation import contact_sheet
    from hwgen_keras.generation import to_uint8
    from hwgen_keras.models import averaged

    def draw(model):
        inputs = {
            name: keras.ops.convert_to_tensor(batch[name])
            for name in model.generator.input_names
        }
        columns = four_steps.probe_columns(batch)
        with averaged(model):
            columns["generated"] = model.generator(inputs)
        return contact_sheet({k: to_uint8(v) for k, v in columns.items()}, blocks=2)

    return draw


if __name__ == "__main__":
    common.run(main, __doc__, FLAGS, EXTRA)
