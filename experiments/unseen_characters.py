"""python -m experiments.unseen_characters --characters=FILE --fonts=FONTS
    --handwriting=MANIFEST --reader=RUN --output=FOLDER

Tests a generator on unseen characters: holds a share of them out of all training (of
CLIP's two encoders, CLIP and the generator), lets the generator write all characters in
the hands of the writers, and has a recogniser of other images (--reader) read both
kinds. Writes results.json, and a picture of the unseen ones for each mode, into the
folder. Interrupted, the same command resumes.
"""

import dataclasses
import pathlib

from hwgen_keras import data, evaluation, files, generation, inputs
from hwgen_keras.errors import InputError
from hwgen_keras.files import output_folder
from hwgen_keras.generation.settings import SamplingSettings
from hwgen_keras.inputs.settings import LabelledImages
from hwgen_keras.settings import (
    RESULT,
    Output,
    Seed,
    Size,
    by_size,
    like,
    rules_of,
    setting,
)
from hwgen_keras.training.settings import Precision, Stages, trained

from . import (
    flags,
    generate,
    train_clip,
    train_diffusion,
    train_generator,
    train_image_encoder,
    train_text_encoder,
    unseen,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(LabelledImages, Size, Seed, Precision, SamplingSettings, Output):
    """Settings of the experiment on unseen characters."""

    DEFAULTS = by_size(image_size=(48, 48, 48))
    held_out: float = setting(0.2, "Share of the characters that no training sees.")
    modes: tuple[str, ...] = setting(
        ("adain", "adain_clip"),
        "Generators to compare: adain knows a character by its glyph alone, "
        "adain_clip and diffusion also by the structure.",
        choices=("adain", "adain_clip", "diffusion"),
        separator=",",
    )
    encoder_steps: int = setting(
        400, "Steps of each of CLIP's two encoders and of CLIP.", above=0
    )
    generator_steps: int = setting(
        120, "Steps of each of the four stages of an AdaIN generator.", above=0
    )
    diffusion_steps: int = setting(
        1000, "Steps of each of the four stages of the diffusion model.", above=0
    )
    style_reference: str = like(Stages, "style_reference", default="writer")
    reader: str = trained(
        "recogniser of all these characters, of other images", "classifier.keras", True
    )
    count: int = setting(4, "Images to read of a character.", above=0)

    def check(self):
        super().check()
        inputs.check_given(self, ("fonts", "handwriting"))
        if self.simulated_writers:
            raise InputError(
                "--simulated_writers would draw the characters that are held out; give "
                "--handwriting a manifest alone."
            )


def main(settings):
    characters = inputs.load_characters(settings)
    held = unseen.held_out(characters, settings.held_out, settings.seed)
    reader = generation.load_reader(settings.reader, characters, settings.image_size)
    samples = []
    for manifest in settings.handwriting:
        samples += inputs.load_samples(settings, manifest, characters)

    def read(samples, clean):
        size, kind = settings.image_size, data.GENERATED
        store = data.manifest_store(samples, characters, size, clean=clean, kind=kind)
        return evaluation.Readings.of_store(reader, store, place=clean)

    folder = pathlib.Path(settings.output)
    with files.locked_folder(folder, "--output"):
        file = folder / "results.json"
        if output_folder.begin(folder, settings.values(RESULT), file.name):
            print(f"{file} is complete.")
            return files.read_json(file)
        shared = write_seen(settings, folder, characters, held, samples)
        results = {}
        for mode in settings.modes:
            weights = train(settings, shared, folder, mode)
            manifest = write(settings, shared, folder, mode, weights)
            written = read(data.read_manifest(manifest, characters), clean=False)
            results[mode] = unseen.accuracies(written, held)
            unseen.draw(folder / f"{mode}.png", written, held)
        written = read(samples, clean=True)
        results["handwriting"] = unseen.accuracies(written, held)
        values = {
            "seen": len(characters) - len(held),
            "unseen": len(held),
            "held_out": [characters[k] for k in held],
            "results": results,
        }
        files.write_json(file, values)
        output_folder.finish(folder)
    print(unseen.table(results))
    print(f"Saved {folder}")
    return values


def write_seen(settings, folder, characters, held, samples):
    """Writes the data of the trainings; returns settings of all scripts, a dict."""
    seen = [c for k, c in enumerate(characters) if k not in held]
    # In the hands, too, the generator sees seen characters alone.
    hands = [sample for sample in samples if sample.character in seen]
    if not hands:
        raise InputError("--handwriting shows held-out characters alone; give others.")
    files.write_text(folder / "characters.txt", "\n".join(characters) + "\n")
    files.write_text(folder / "seen.txt", "\n".join(seen) + "\n")
    data.write_manifest(folder / "handwriting.json", hands)
    return settings.values() | {
        "handwriting": [str(folder / "handwriting.json")],
        "characters": str(folder / "seen.txt"),
        "writer_pattern": None,
    }


def train(settings, shared, folder, mode):
    """The run folder of a generator that saw the seen characters alone."""

    def run(script, name, product, **values):
        """Trains, resumes a training, or finds it complete."""
        run_dir = folder / name
        if not (run_dir / product).exists():
            begun = any(run_dir.glob("**/config.json"))
            flags.call(script, shared, run_dir=str(run_dir), resume=begun, **values)
        return str(run_dir)

    steps = {"steps": settings.encoder_steps}
    product, augment = "image_encoder.keras", "affine,elastic"
    image = run(train_image_encoder, "image", product, augment=augment, **steps)
    text = run(train_text_encoder, "text", "text_encoder.keras", **steps)
    encoders = {"image_weights": image, "text_weights": text}
    clip = run(train_clip, "clip", "clip.keras", augment="affine", **encoders, **steps)
    product = "step_end/generator.keras"
    if mode == "diffusion":
        own = {"steps": settings.diffusion_steps}
        run(train_diffusion, mode, product, clip_weights=clip, **own)
    else:
        own = {"steps": settings.generator_steps, "mode": mode}
        run(train_generator, mode, product, clip_weights=clip, **own)
    return folder / mode / "step_end"


def write(settings, shared, folder, mode, weights):
    """The manifest of all characters, seen and unseen, by one generator."""
    output = folder / "generated" / mode
    if not output.exists():
        other = {} if mode == "diffusion" else dict.fromkeys(rules_of(SamplingSettings))
        flags.call(
            generate,
            {**shared, **other},
            characters=str(folder / "characters.txt"),
            generator_weights=str(weights),
            # The experiment's reader rejects nothing.
            reader=None,
            output=str(output),
        )
    return output / "manifest.json"


if __name__ == "__main__":
    flags.run(main, Settings, __doc__)
