"""python -m experiments.export --run=RUN --output=saved_models/NAME

Step 6: exports a trained generator, diffusion model, classifier or CLIP, of any
backend, as a float32 SavedModel that TensorFlow loads alone, with dynamic batch and
image size and named inputs; --format=saved_model,onnx,keras writes the others, too.
Each is loaded again in a process without Keras and compared with the Keras model; what
differs is not kept. docs/how-to/export.md lists inputs and outputs.
"""

import pathlib

from hwgen_keras.generation import sampling

from .flags import common

# Generators that see the character in its glyph alone: no signature takes it.
TOLD_NOTHING = ("adain", "diffusion")
FLAGS = ("output", "structure_file")
EXTRA = {
    "run": (
        common.flags.DEFINE_string,
        None,
        "Run folder, with its generator.keras, classifier.keras or clip.keras and its "
        "config.json; of a generator's four steps the last one is taken.",
    ),
    "weights": (
        common.flags.DEFINE_string,
        None,
        "The .keras file to export, in place of --run; a config.json beside it is "
        "read.",
    ),
    "characters": (
        common.flags.DEFINE_string,
        None,
        "Character set (kana, etl8, jis1, or a text file) that the export knows; "
        "default: the run's.",
    ),
    "format": (
        common.flags.DEFINE_list,
        ["saved_model"],
        "What to write, joined by commas: saved_model, onnx, keras.",
    ),
    "storage": (
        common.flags.DEFINE_enum,
        "float32",
        ["float32", "float16"],
        "Precision of the weights in the file of --format=keras; float16 is half as "
        "large.",
    ),
    **sampling.EXTRA,
}


def main(options):
    import keras

    from hwgen_keras.bundle import read_bundle
    from hwgen_keras.bundle.run_folder import find_weights, read_run
    from hwgen_keras.errors import InputError
    from hwgen_keras.export import export_model
    from hwgen_keras.models import load_trained

    if options.output is None:
        raise InputError("--output is needed.")
    weights = find_weights(options)
    facts, lacking = read_run(weights, options)
    settings = {}
    if any(getattr(options, name) is not None for name in sampling.EXTRA):
        model = load_trained(weights, keras.Model, "--weights")
        settings = sampling.settings(options, model)
    found = export_model(
        weights,
        options.output,
        formats=options.format,
        storage=options.storage,
        **facts,
        **settings,
    )
    path = pathlib.Path(options.output)
    names = found.pop("signatures")
    if lacking and read_bundle(path).mode not in TOLD_NOTHING:
        print(f"The signature serve_characters is left out: {lacking}")
    print(f"Saved {path}, with the signatures {', '.join(names)}.")
    for name, difference in found.items():
        stored = ""
        if name == "keras":
            stored = f", weights of {options.storage}"
        print(f"{name}{stored}: differs from the Keras model by {difference:.1e}.")
    return path


if __name__ == "__main__":
    common.run(main, __doc__, FLAGS, EXTRA)
