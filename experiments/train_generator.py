"""python -m experiments.train_generator --mode=adain_clip --step=all --fonts=FONTS
    --handwriting=MANIFEST --clip_weights=RUN

Step 2: trains the generator against the discriminator. The four steps follow each
other, each from the weights of the one before: step1 (reference font → any font),
step2 (any font → any font, elsewhere in the square), step3 (fonts and handwriting →
fonts), step_end (fonts and handwriting → fonts and handwriting). `--step=all` walks
all four. Writes generator.keras and discriminator.keras into the run folder.
"""

import copy
import pathlib

from experiments import common
from experiments.vocabulary import TRAINING

STEPS = ("step1", "step2", "step3", "step_end")
FLAGS = (
    *("clip_weights", "generator_weights", "discriminator_weights"),
    *("fonts", "handwriting", "simulated_writers", "characters", "reference_font"),
    *("skip_unknown_characters", "writer_pattern", "structure_file"),
    *("image_size", "cache", *TRAINING),
)
EXTRA = {
    "mode": (
        common.flags.DEFINE_enum,
        "adain_clip",
        ["adain", "adain_embedding", "adain_clip"],
        "What tells the generator the character: nothing, a learned embedding, or "
        "CLIP's embedding of its structure.",
    ),
    "step": (
        common.flags.DEFINE_enum,
        "all",
        [*STEPS, "all"],
        "Which of the four training steps; --steps counts for each of them.",
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
    "ema": (
        common.flags.DEFINE_float,
        None,
        "Momentum of the moving average of the generator's weights, which is what is "
        "shown and saved; 0 as published (base): none. Default of tiny and small: "
        "1 - 4 / steps, an average over the last quarter of the run.",
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
    "style_reference": (
        common.flags.DEFINE_enum,
        "target",
        ["target", "writer"],
        "The style image: the target itself, as published, or another character by "
        "the same hand.",
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
BASE_EPOCHS = 300


def main(options):
    from experiments import generator_model, inputs, recipes
    from hwgen_keras.errors import InputError
    from hwgen_keras.models import SIZES

    common.complete(options, DEFAULTS)
    common.check_positive(options, "image_size", "batch_size", "steps", "learning_rate")
    recipes.check_schedule(options, plateau=False)
    stride = 2 ** (len(SIZES[options.size]["generator"]["multipliers"]) - 1)
    recipes.check_stride(options.image_size, stride)
    generator_model.check(options)
    if options.clip_weights is None:
        raise InputError(
            "--clip_weights is needed: CLIP gives the explicit loss, and the condition "
            "of the mode adain_clip."
        )
    inputs.check_given(options, needs(options.step))
    if options.step != "all":
        return train_step(options)[0]
    if options.run_dir is None:
        raise InputError("--step=all needs --run_dir, where the four runs go.")
    folder, weights, model = pathlib.Path(options.run_dir), None, None
    for step in STEPS:
        part = copy.copy(options)
        part.step, part.run_dir = step, str(folder / step)
        if weights is not None:
            part.generator_weights = part.discriminator_weights = str(weights)
        part.resume = options.resume and (folder / step / "config.json").exists()
        path, model = train_step(part, model)
        weights = path.parent
        if options.steps is None:
            model = None  # The next step is longer or shorter, and so its schedule.
    return path


def needs(step):
    """What a step takes its images from."""
    hands = step in ("step3", "step_end", "all")
    return ("fonts", "handwriting") if hands else ("fonts",)


def train_step(options, model=None):
    """One of the four steps in a run folder of its own.

    Args:
        options: of this script, `step` one of `STEPS`.
        model: the `StyleTransfer` that the step before left, to go on with instead
            of loading its weights: its compiled step is compiled once.

    Returns:
        The path of generator.keras and the model (None if there was nothing to do).
    """
    from experiments import generator_model, inputs, training
    from experiments.distribution import distributed, share
    from hwgen_keras.data import PairSampler, feed
    from hwgen_keras.models import CLIP, load_trained, take_averages

    name = f"train_generator-{options.step}"
    with training.Run(name, options) as run, distributed(run):
        if (run.folder / "generator.keras").exists():
            print(f"{options.step} is complete.")
            return run.folder / "generator.keras", None
        jit = common.set_up(options)

        clip = load_trained(options.clip_weights, CLIP, "--clip_weights", "clip.keras")
        need = needs(options.step)
        store = inputs.load_store(options, need, handwriting="handwriting" in need)
        tokenizer = inputs.load_tokenizer(options, store.characters)
        sampler = PairSampler(
            store,
            options.step,
            tokenizer,
            seed=options.seed,
            style_reference=options.style_reference,
            reference_font=options.reference_font,
        )
        if options.steps is None:
            options.steps = BASE_EPOCHS * sampler.rows_per_epoch // options.batch_size

        if model is None:
            model = generator_model.style_transfer(
                options, clip, len(store.characters), jit
            )
        else:
            forget_momentum(model.optimizer)
        run.note(perceptual_features=model.features.description)

        def make_feed(first, steps):
            return feed(store, sampler, steps=steps, start_step=first, **share(options))

        draw = probe_sheet(feed(store, sampler, 12, 1, kind="python")[0])
        training.fit(run, model, make_feed, draw, title=options.step)

        take_averages(model)
        run.save(model.discriminator, "discriminator.keras")
        path = run.save(model.generator, "generator.keras")
        history = training.read_history(run)
        run.write_json("metrics.json", {k: v[-1] for k, v in history.items()})
        print(f"{options.step} done. Saved {path}", flush=True)
        return path, model


def forget_momentum(optimizer):
    """Brings an optimizer to the state of a new one, but for rates and loss scale."""
    import keras

    for variable in optimizer.variables:
        if variable.name not in ("learning_rate", "dynamic_scale"):
            variable.assign(keras.ops.zeros(variable.shape, variable.dtype))


def probe_sheet(batch):
    """A function, model → picture of the same rows, rewritten by the model."""
    import keras
    import numpy as np

    from hwgen_keras.evaluation import contact_sheet
    from hwgen_keras.generation import to_uint8
    from hwgen_keras.models import averaged

    def draw(model):
        inputs = {
            name: keras.ops.convert_to_tensor(batch[name])
            for name in model.generator.input_names
        }
        columns = {"content": batch["content"], "style": batch["style"]}
        if not np.array_equal(batch["style"], batch["target"]):
            columns["target"] = batch["target"]
        with averaged(model):
            columns["generated"] = model.generator(inputs)
        return contact_sheet({k: to_uint8(v) for k, v in columns.items()}, blocks=2)

    return draw


if __name__ == "__main__":
    common.run(main, __doc__, FLAGS, EXTRA)
