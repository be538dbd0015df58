"""python -m experiments.train_diffusion --condition=clip --step=all --fonts=FONTS
    --handwriting=MANIFEST --clip_weights=RUN

Step 2, the other way: trains a diffusion model where train_generator trains a generator
against a discriminator, from the same data in the same four steps (--step). Writes
generator.keras into the run folder; whatever takes a generator takes it.
"""

from hwgen_keras.training import stages as four_steps
from hwgen_keras.training.networks import CONDITIONS

from .flags import common
from .flags.vocabulary import TRAINING

FLAGS = (*four_steps.FLAGS, "generator_weights", *TRAINING)
EXTRA = {
    **four_steps.EXTRA,
    "condition": (
        common.flags.DEFINE_enum,
        "clip",
        ["none", *CONDITIONS],
        "What tells the model the character beside its glyph: nothing, a learned "
        "embedding, or CLIP's embedding of its structure.",
    ),
    "style_attention": (
        common.flags.DEFINE_boolean,
        False,
        "Also attend to the style image at all positions.",
    ),
    "noise_schedule": (
        common.flags.DEFINE_enum,
        "cosine",
        ["cosine", "linear"],
        "How noise grows with time in training.",
    ),
    "parameterization": (
        common.flags.DEFINE_enum,
        "velocity",
        ["velocity", "noise", "image"],
        "What the network predicts.",
    ),
    "min_snr_gamma": (
        common.flags.DEFINE_float,
        5.0,
        "Signal-to-noise ratios above this one weigh as much as it; 0: every row of a "
        "batch weighs the same.",
    ),
    **{
        f"drop_{name}": (
            common.flags.DEFINE_float,
            0.1,
            f"Share of rows that are not told the {what}, for guidance.",
        )
        for name, what in (
            ("content", "glyph"),
            ("style", "style"),
            ("condition", "character"),
        )
    },
}
DEFAULTS = {
    "tiny": {
        "image_size": 32,
        "batch_size": 8,
        "steps": 100,
        "learning_rate": 1e-3,
        "schedule": "cosine",
    },
    "small": {
        "image_size": 64,
        "batch_size": 32,
        "steps": 4000,
        "learning_rate": 1e-3,
        "schedule": "cosine",
    },
    "base": {
        "image_size": 256,
        "batch_size": 32,
        "learning_rate": 1e-4,
        "schedule": "constant",
        "ema": 0.999,
    },
}
# Levels of the denoising strip in the picture of probes, from noise to image.
STRIP = (-6.0, -3.0, 0.0, 3.0)


def main(options):
    from hwgen_keras.errors import InputError
    from hwgen_keras.models import SIZES
    from hwgen_keras.training import recipes

    common.complete(options, DEFAULTS)
    common.check_positive(options, "image_size", "batch_size", "steps", "learning_rate")
    recipes.check_schedule(options, plateau=False)
    four_steps.check_ema(options)
    unet = SIZES[options.size]["unet"]
    recipes.check_stride(
        options.image_size, unet["patch"] * 2 ** (len(unet["multipliers"]) - 1)
    )
    if options.min_snr_gamma < 0:
        raise InputError(f"--min_snr_gamma is {options.min_snr_gamma}; give 0 or more.")
    for name in ("drop_content", "drop_style", "drop_condition"):
        if not 0 <= getattr(options, name) < 1:
            raise InputError(
                f"--{name} is {getattr(options, name)}; give a share from 0 to below 1."
            )
    if options.condition == "clip" and options.clip_weights is None:
        raise InputError(
            "--clip_weights is needed for --condition=clip; --condition=embedding "
            "and none do without."
        )
    return four_steps.walk(options, train_step)


def train_step(options, model=None):
    """See `four_steps.train_step`."""
    return four_steps.train_step(
        "train_diffusion", options, model, diffusion, probe_sheet
    )


def diffusion(options, classes, jit):
    """A compiled `Diffusion` as the flags describe it."""
    from hwgen_keras.models import AveragingAdam, Diffusion
    from hwgen_keras.training import recipes

    model = Diffusion(
        generator(options, classes),
        min_snr_gamma=options.min_snr_gamma or None,
        drop_content=options.drop_content,
        drop_style=options.drop_style,
        drop_condition=options.drop_condition,
        dtype=options.dtype_policy,
    )
    model.build()
    arguments = {"learning_rate": recipes.scheduled(options)}
    arguments.update(recipes.adam_arguments(options))
    if options.ema:
        optimizer = AveragingAdam(ema_momentum=options.ema, **arguments)
    else:
        import keras

        optimizer = keras.optimizers.Adam(**arguments)
    model.compile(
        optimizer=optimizer,
        jit_compile=jit,
        steps_per_execution=options.steps_per_execution,
    )
    return model


def generator(options, classes):
    """The generator to train: a new one, or that of the step before."""
    from hwgen_keras.errors import InputError
    from hwgen_keras.models import (
        CLIP,
        SIZES,
        DiffusionGenerator,
        UNet,
        load_trained,
        with_policy,
    )
    from hwgen_keras.training.networks import new_condition

    size, policy, clip = SIZES[options.size]["unet"], options.dtype_policy, None
    if options.condition == "clip":
        clip = load_trained(options.clip_weights, CLIP, "--clip_weights", "clip.keras")
    network = UNet(
        **size,
        condition=new_condition(options, clip, classes, size["width"]),
        style_attention=options.style_attention,
        dtype=policy,
    )
    fresh = DiffusionGenerator(
        network,
        schedule=options.noise_schedule,
        parameterization=options.parameterization,
        dtype=policy,
    )
    if options.generator_weights is None:
        return fresh
    path = options.generator_weights
    flag = "--generator_weights"
    trained = load_trained(path, DiffusionGenerator, flag, "generator.keras")
    if _shape(trained) != _shape(fresh):
        raise InputError(
            f"{flag}: {path} holds a model with {_shape(trained)}, but the flags ask "
            f"for {_shape(fresh)}; give the same --size, --condition, --characters, "
            "--style_attention, --noise_schedule and --parameterization."
        )
    return with_policy(trained, policy)


def _shape(generator):
    """What must agree for weights to fit, in words."""
    network, condition = generator.network, generator.network.condition
    told = "no condition" if condition is None else type(condition).__name__
    told += f" of {condition.domain}" if condition and condition.domain else ""
    return (
        f"width {network.width}, multipliers {network.multipliers}, patch "
        f"{network.patch}, {told}, "
        f"style attention {'on' if network.style_attention else 'off'}, the schedule "
        f"{generator.schedule} and the parameterization {generator.parameterization}"
    )


def probe_sheet(batch):
    """A function, model → picture of the same rows, written out of the same noise.

    Its last columns are the strip: what the network takes an ever less noisy target
    for.
    """
    import keras
    import numpy as np

    from hwgen_keras import schedules
    from hwgen_keras.evaluation import contact_sheet
    from hwgen_keras.generation import row_noise, to_uint8
    from hwgen_keras.models import averaged

    rows = np.arange(len(batch["target"]))
    noise = row_noise(0, rows, batch["target"].shape[1])

    def draw(model):
        generator = model.generator
        inputs = {
            name: keras.ops.convert_to_tensor(batch[name])
            for name in generator.network.input_names
        }
        columns = four_steps.probe_columns(batch)
        with averaged(model):
            columns["generated"] = generator({**inputs, "noise": noise})
            style = generator.network.encode_style(inputs["style"])
            for level in STRIP:
                rates = schedules.rates(level)
                noisy = schedules.diffuse(batch["target"], noise, *rates)
                seen = generator.predict_image(noisy, level, inputs, style)
                columns[f"from {level:+.0f}"] = seen
        return contact_sheet({k: to_uint8(v) for k, v in columns.items()}, blocks=2)

    return draw


if __name__ == "__main__":
    common.run(main, __doc__, FLAGS, EXTRA)
