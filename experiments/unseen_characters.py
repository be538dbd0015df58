"""python -m experiments.unseen_characters --characters=FILE --fonts=FONTS
    --handwriting=MANIFEST --reader=RUN --output=FOLDER

Characters never seen: keeps a share of them out of all training (of CLIP's two
encoders, CLIP and the generator), lets the generator write all characters in the hands
of the writers, and has a recogniser of other images (--reader) read both kinds. Writes
results.json, and a picture of the unseen ones for each mode, into the folder.
Interrupted, the same command goes on.
"""

import json
import pathlib

from hwgen_keras.generation import sampling

from .flags import common

FLAGS = (
    *("fonts", "handwriting", "simulated_writers", "characters"),
    *("skip_unknown_characters", "writer_pattern", "image_size", "size", "seed"),
    *("dtype_policy", "jit_compile", "cache", "output"),
)
MODES = ("adain", "adain_clip", "diffusion")
EXTRA = {
    **sampling.EXTRA,
    "held_out": (
        common.flags.DEFINE_float,
        0.2,
        "Share of the characters that no training sees.",
    ),
    "modes": (
        common.flags.DEFINE_list,
        "adain,adain_clip",
        "Generators to compare: adain knows a character by its glyph alone, "
        "adain_clip and diffusion also by the structure.",
    ),
    "encoder_steps": (
        common.flags.DEFINE_integer,
        400,
        "Steps of each of the image encoder, the text encoder and CLIP.",
    ),
    "generator_steps": (
        common.flags.DEFINE_integer,
        120,
        "Steps of each of the four steps of an AdaIN generator.",
    ),
    "diffusion_steps": (
        common.flags.DEFINE_integer,
        1000,
        "Steps of each of the four steps of the diffusion model.",
    ),
    "style_reference": (
        common.flags.DEFINE_enum,
        "writer",
        ["target", "writer"],
        "The style image in training: the target itself, or another character by the "
        "same hand.",
    ),
    "reader": (
        common.flags.DEFINE_string,
        None,
        "Recogniser of all the characters that saw other images: classifier.keras, or "
        "its run folder.",
    ),
    "count": (common.flags.DEFINE_integer, 4, "Images to read of a character."),
}
DEFAULTS = {size: {"image_size": 48} for size in ("tiny", "small", "base")}
_SHOWN = 100


def main(options):
    import numpy as np

    from hwgen_keras.data import write_manifest
    from hwgen_keras.errors import InputError
    from hwgen_keras.files import locked_folder, output_folder, write_text
    from hwgen_keras.generation import reader
    from hwgen_keras.inputs import loading as inputs

    common.complete(options, DEFAULTS)
    common.check_positive(options, "image_size", "count", "generator_steps")
    common.check_positive(options, "encoder_steps", "diffusion_steps")
    for flag in ("reader", "output"):
        if not getattr(options, flag):
            raise InputError(f"--{flag} is needed.")
    inputs.check_given(options, ("fonts", "handwriting"))
    if options.simulated_writers:
        raise InputError(
            "--simulated_writers would draw the characters that are held out; give "
            "--handwriting a manifest alone."
        )
    for mode in options.modes:
        if mode not in MODES:
            raise InputError(f"--modes: there is no {mode!r}; use {', '.join(MODES)}.")
    characters = inputs.load_characters(options)
    held = round(options.held_out * len(characters))
    if not 0 < held < len(characters):
        raise InputError(
            f"--held_out={options.held_out} keeps {held} of {len(characters)} "
            "characters out; give a share that leaves some of both kinds."
        )
    judge = reader.load(options, characters)
    order = np.random.default_rng(options.seed).permutation(len(characters))
    unseen = set(order[:held].tolist())
    samples = [
        sample
        for manifest in options.handwriting
        for sample in inputs.load_samples(options, manifest, characters)
    ]

    folder = pathlib.Path(options.output)
    request = {
        name: value
        for name, value in vars(options).items()
        if name not in ("given", "output", "cache")
    }
    with locked_folder(folder, "--output"):
        if output_folder.begin(folder, request, "results.json"):
            print(f"{folder / 'results.json'} is complete.")
            return json.loads((folder / "results.json").read_text("utf-8"))
        every, seen = folder / "characters.txt", folder / "seen.txt"
        write_text(every, "\n".join(characters) + "\n")
        kept = [c for k, c in enumerate(characters) if k not in unseen]
        write_text(seen, "\n".join(kept) + "\n")
        # The hands show the generator, too, nothing but what it may have seen.
        hands = [s for s in samples if characters.index(s.character) not in unseen]
        if not hands:
            raise InputError("--handwriting holds none of the characters left to see.")
        write_manifest(folder / "handwriting.json", hands)
        shared = {
            **{name: getattr(options, name) for name in FLAGS if name != "output"},
            "handwriting": [str(folder / "handwriting.json")],
            "characters": str(seen),
            "writer_pattern": None,
        }
        results = {}
        for mode in options.modes:
            weights = train(options, shared, folder, mode)
            manifest = write(options, shared, folder, mode, weights, every)
            results[mode] = measure(options, judge, characters, unseen, manifest)
            picture(folder / f"{mode}.png", *results[mode].pop("images"))
        results["handwriting"] = read(
            options, judge, characters, unseen, samples, clean=True
        )
        results["handwriting"].pop("images")
        values = {
            "seen": len(kept),
            "unseen": held,
            "held_out": [characters[k] for k in sorted(unseen)],
            "results": results,
        }
        text = json.dumps(values, ensure_ascii=False, indent=1) + "\n"
        write_text(folder / "results.json", text)
        output_folder.finish(folder)
    print(table(results))
    print(f"Saved {folder}")
    return values


def train(options, shared, folder, mode):
    """The run folder of a generator that saw the seen characters alone."""
    from . import (
        train_clip,
        train_diffusion,
        train_generator,
        train_image_encoder,
        train_text_encoder,
    )

    encoders = {"steps": options.encoder_steps}
    trained(
        *(train_image_encoder, shared, folder / "image", "image_encoder.keras"),
        augment="affine,elastic",
        **encoders,
    )
    trained(
        *(train_text_encoder, shared, folder / "text", "text_encoder.keras"),
        **encoders,
    )
    trained(
        *(train_clip, shared, folder / "clip", "clip.keras"),
        augment="affine",
        image_weights=str(folder / "image"),
        text_weights=str(folder / "text"),
        **encoders,
    )
    arguments = {
        "clip_weights": str(folder / "clip"),
        "step": "all",
        "style_reference": options.style_reference,
    }
    last = folder / mode, "step_end/generator.keras"
    if mode == "diffusion":
        steps = options.diffusion_steps
        trained(train_diffusion, shared, *last, steps=steps, **arguments)
    else:
        steps = options.generator_steps
        trained(train_generator, shared, *last, steps=steps, mode=mode, **arguments)
    return folder / mode / "step_end"


def trained(script, shared, run_dir, product, **values):
    """Trains, goes on with a training, or finds that it is done."""
    if not (run_dir / product).exists():
        begun = any(run_dir.glob("**/config.json"))
        common.call(script, shared, run_dir=str(run_dir), resume=begun, **values)


def write(options, shared, folder, mode, weights, every):
    """The manifest of all characters, seen and unseen, by one generator."""
    from . import generate

    output = folder / "generated" / mode
    if not output.exists():
        flags = {name: getattr(options, name) for name in sampling.EXTRA}
        if mode != "diffusion":
            flags = {}
        common.call(
            generate,
            {**shared, **flags},
            characters=str(every),
            generator_weights=str(weights),
            count=options.count,
            output=str(output),
        )
    return output / "manifest.json"


def measure(options, reader, characters, unseen, manifest):
    """See `read`, of a manifest of generated images."""
    from hwgen_keras.data import read_manifest

    samples = read_manifest(manifest, characters)
    return read(options, reader, characters, unseen, samples, clean=False)


def read(options, reader, characters, unseen, samples, clean):
    """What the reader makes of the images of both kinds of characters.

    Returns:
        {"seen", "unseen": see `content_accuracy`, or None without images, "images":
        (uint8 images, labels) of the unseen}.
    """
    import numpy as np

    from hwgen_keras.data import GENERATED, manifest_store
    from hwgen_keras.evaluation import content_accuracy
    from hwgen_keras.evaluation.generated import Encoded

    store = manifest_store(
        samples, characters, options.image_size, clean=clean, kind=GENERATED
    )
    encoded = Encoded(reader, store, placed=clean)
    chosen = np.isin(encoded.labels, sorted(unseen))
    result = {"images": (encoded.images[chosen], encoded.labels[chosen])}
    for name, rows in (("seen", ~chosen), ("unseen", chosen)):
        result[name] = None
        if rows.any():
            labels = encoded.labels[rows]
            result[name] = content_accuracy(encoded.logits[rows], labels, logits=True)
    return result


def picture(path, images, labels):
    """A grid of the first image of each of the first characters, by label."""
    import numpy as np

    from hwgen_keras.evaluation import grid
    from hwgen_keras.files import complete_file

    first = np.unique(labels, return_index=True)[1][:_SHOWN]
    with complete_file(path) as partial:
        grid(images[first], 20).save(partial, "PNG")


def table(results):
    from hwgen_keras.evaluation import text_table

    rows = []
    for name, result in results.items():
        row = [name]
        for kind in ("seen", "unseen"):
            one = result[kind]
            keys = ("top1", "low", "high", "confidence")
            row += [None if one is None else 100 * one[key] for key in keys]
        rows.append(row)
    header = ["", "Seen: read %", "from", "to", "confidence %"]
    return text_table([*header, "Unseen: read %", *header[2:]], rows)


if __name__ == "__main__":
    common.run(main, __doc__, FLAGS, EXTRA)
