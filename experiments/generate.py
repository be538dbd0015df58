"""python -m experiments.generate --generator_weights=RUN --fonts=FONTS
    --handwriting=MANIFEST_OR_STORE --count=20 --output=FOLDER

Step 3: writes a labelled set of images: every character that the fonts cover, in the
hands of the handwriting. Writes into <output> the images, as PNG files with
manifest.json, as images.store or as TFRecord files (--format); provenance.csv, where
each image comes from; and generation.json, what was asked for and what was rejected.
The writer of an image is the hand whose style it has. With --reader and
--min_content_score a recogniser reads each image, and what it does not read as its
character is drawn again. What is interrupted or killed stays in <output>.partial; the
same command goes on with it. docs/how-to/generation.md tells more.
"""

from hwgen_keras.generation import sampling, writing

from .flags import common

FLAGS = (
    *("generator_weights", "fonts", "handwriting", "simulated_writers"),
    *("characters", "skip_unknown_characters", "writer_pattern", "structure_file"),
    *("image_size", "batch_size", "seed", "output", "cache"),
)
EXTRA = {
    **writing.EXTRA,
    "count": (common.flags.DEFINE_integer, 20, "Images to generate of a character."),
    "counts": (
        common.flags.DEFINE_string,
        None,
        "JSON file {character: images} in place of --count; no other character is "
        "written.",
    ),
    "format": (
        common.flags.DEFINE_enum,
        "png",
        ["png", "store", "tfrecord"],
        "Files of the images: a PNG file each, one packed store, or TFRecord files.",
    ),
    "workers": (
        common.flags.DEFINE_integer,
        None,
        "Threads that decode and encode images beside the generator; default: one a "
        "core, four at most.",
    ),
    "part_rows": (
        common.flags.DEFINE_integer,
        1024,
        "Images that are made, compared and written together; what a kill can cost.",
    ),
}
_WORST = 10


def main(options):
    import json
    import pathlib

    from hwgen_keras import generation
    from hwgen_keras.errors import InputError
    from hwgen_keras.generation import counts, reader
    from hwgen_keras.inputs import loading as inputs
    from hwgen_keras.training import recipes

    for flag in ("generator_weights", "output"):
        if getattr(options, flag) is None:
            raise InputError(f"--{flag} is needed.")
    options.image_size = options.image_size or 64
    options.batch_size = options.batch_size or 64
    common.check_positive(
        *(options, "image_size", "batch_size", "count", "workers", "part_rows")
    )
    if options.seed < 0:
        raise InputError(f"--seed is {options.seed}; give 0 or more.")
    writing.check(options, options.handwriting)
    generation.check_output(options.output)
    characters = inputs.load_characters(options)
    count = options.count
    if options.counts is not None:
        count = counts.read(options.counts, characters)
    generator = load_generator(options)
    recipes.check_stride(options.image_size, generator.stride)
    recipes.check_condition(generator, characters)
    judge = None
    if options.reader is not None:
        classifier = reader.load(options, characters)
        reader.check_independent(classifier, generator, options.generator_weights)
        judge = generation.Reader(classifier, options.batch_size)

    store = writing.load_images(options)
    tokenizer = None
    if "tokens" in generator.input_names:
        tokenizer = inputs.load_tokenizer(options, characters)
    sampler = generation.GenerationSampler(
        store,
        count,
        tokenizer,
        options.seed,
        options.style_from,
        options.style_images,
        options.follow_forms,
    )
    flags = {k: v for k, v in vars(options).items() if k != "given"}
    path = generation.generate(
        generator,
        sampler,
        options.output,
        options.batch_size,
        form=options.format,
        gate=generation.Gate(
            judge,
            options.min_content_score,
            options.reject_duplicates,
            options.max_attempts,
        ),
        workers=options.workers,
        part_rows=options.part_rows,
        notes={"flags": flags, **common.versions()},
    )
    file = pathlib.Path(options.output, "generation.json")
    tell(json.loads(file.read_text("utf-8")))
    print(f"Saved {path}")
    return path


def load_generator(options):
    """The generator of `--generator_weights`, as the flags have it write."""
    import pathlib

    from hwgen_keras.errors import InputError
    from hwgen_keras.inference.engines import SavedModelEngine
    from hwgen_keras.models import GENERATORS, load_trained, with_policy

    path = options.generator_weights
    if not pathlib.Path(path, "saved_model.pb").is_file():
        model = load_trained(path, GENERATORS, "--generator_weights", "generator.keras")
        return sampling.apply(options, with_policy(model, "float32"))
    if options.style_images > 1:
        raise InputError(
            "--style_images: an exported model is shown one image; give the .keras "
            "file, or leave the flag out."
        )
    for flag in sampling.EXTRA:
        if getattr(options, flag) is not None:
            raise InputError(
                f"--{flag}: an exported model has its sampling inside; give the .keras "
                "file, or leave the flag out."
            )
    exported = SavedModelEngine(path)
    if exported.kind not in ("generator", "diffusion"):
        raise InputError(
            f"--generator_weights: {path} is no exported generator but a "
            f"{exported.kind}."
        )
    return exported


def tell(summary):
    """Prints what was made, and the characters of which most was rejected."""
    from hwgen_keras.evaluation import text_table
    from hwgen_keras.generation.gate import REASONS

    def row(name, values):
        rejected = values["rejected"].values()
        return [name, values["images"], values["rows"], *rejected, values["dropped"]]

    def lost(values):
        return values["dropped"], sum(values["rejected"].values())

    print(f"{summary['images']} images.")
    if not any(lost(summary)):
        return
    header = ["Character", "Images", "Asked for", *map(str.capitalize, REASONS)]
    each = sorted(summary["characters"].items(), key=lambda one: lost(one[1]))
    worst = [row(*one) for one in reversed(each) if any(lost(one[1]))]
    rows = [row("all", summary), *worst[:_WORST]]
    print("Rejected, and dropped after --max_attempts, the worst characters first:")
    print(text_table([*header, "Dropped"], rows))
    if summary["dropped"]:
        print(
            f"{summary['dropped']} of {summary['rows']} rows have no image that "
            "passed: the set is so much smaller than was asked for."
        )


if __name__ == "__main__":
    common.run(main, __doc__, FLAGS, EXTRA)
