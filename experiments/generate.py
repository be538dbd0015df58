"""python -m experiments.generate --generator_weights=RUN --fonts=FONTS
    --handwriting=MANIFEST --count=20 --output=FOLDER

Step 3: writes a labelled set of images: every character that the fonts cover, in the
hands of the handwriting. Writes <output>/<code point>/<number>.png and
<output>/manifest.json; the writer of an image there is the hand whose style it has.
What is interrupted stays in <output>.partial; the same command goes on with it.
"""

from experiments import common, sampling

FLAGS = (
    *("generator_weights", "fonts", "handwriting", "simulated_writers"),
    *("characters", "skip_unknown_characters", "writer_pattern", "structure_file"),
    *("image_size", "batch_size", "seed", "output", "cache"),
)
EXTRA = {
    **sampling.EXTRA,
    "count": (common.flags.DEFINE_integer, 20, "Images to generate of a character."),
    "style_from": (
        common.flags.DEFINE_enum,
        "any",
        ["any", "same_character"],
        "Style images: any character by a hand, or the same one where there is one.",
    ),
    "style_images": (
        common.flags.DEFINE_integer,
        1,
        "Images by one hand that are shown for each image to write; their styles are "
        "averaged.",
    ),
}


def main(options):
    from experiments import inputs, recipes
    from hwgen_keras import generation
    from hwgen_keras.errors import InputError
    from hwgen_keras.models import GENERATORS, load_trained, with_policy

    for flag in ("generator_weights", "output"):
        if getattr(options, flag) is None:
            raise InputError(f"--{flag} is needed.")
    options.image_size = options.image_size or 64
    options.batch_size = options.batch_size or 64
    common.check_positive(options, "image_size", "batch_size", "count", "style_images")
    generator = load_trained(
        options.generator_weights, GENERATORS, "--generator_weights", "generator.keras"
    )
    generator = sampling.apply(options, with_policy(generator, "float32"))
    recipes.check_stride(options.image_size, generator.stride)
    generation.check_output(options.output)

    store = inputs.load_store(options, need=("fonts", "handwriting"))
    recipes.check_condition(generator, store.characters)
    tokenizer = None
    if "tokens" in generator.input_names:
        tokenizer = inputs.load_tokenizer(options, store.characters)
    sampler = generation.GenerationSampler(
        store,
        options.count,
        tokenizer,
        options.seed,
        options.style_from,
        options.style_images,
    )
    path = generation.generate(generator, sampler, options.output, options.batch_size)
    print(f"{sampler.rows_per_epoch} images. Saved {path}")
    return path


if __name__ == "__main__":
    common.run(main, __doc__, FLAGS, EXTRA)
