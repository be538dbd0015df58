"""python -m experiments.export --run=RUN --output=saved_models/NAME

Step 6: exports a trained generator of any kind, classifier or CLIP, of any backend, as
a float32 SavedModel that TensorFlow loads alone, with dynamic batch and image size and
named inputs; --format=saved_model,onnx,keras writes the others, too.
Each file is compared with the Keras model in another process; none that differs is
kept. docs/how-to/export.md lists inputs and outputs.
"""

import dataclasses
import pathlib

from hwgen_keras import bundle, export, generation, models
from hwgen_keras.errors import InputError
from hwgen_keras.generation.settings import SamplingSettings, WriterSampling
from hwgen_keras.inference import glyphs
from hwgen_keras.inputs.settings import Structures
from hwgen_keras.settings import Output, rules_of, setting

from . import flags


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(Structures, SamplingSettings, WriterSampling, Output):
    """Settings of an export."""

    run: str | None = setting(
        None,
        "Run folder, with its generator.keras, classifier.keras or clip.keras and its "
        "config.json; of a generator's four stages the last one is taken.",
    )
    weights: str | None = setting(
        None,
        "The .keras file to export, in place of --run; its folder's config.json is "
        "read.",
    )
    characters: str | None = setting(
        None,
        "Character set (kana, etl8, jis1, japanese, or a text file) that the export "
        "knows; default: the run's.",
    )
    format: tuple[str, ...] = setting(
        ("saved_model",),
        "Formats, joined by commas: saved_model, onnx, keras.",
        separator=",",
    )
    fonts: tuple[str, ...] = setting(
        (),
        "Font file or folder whose glyphs a generator's SavedModel is to hold, of all "
        "characters: its signature serve_hand then needs characters and a style alone.",
    )
    storage: str = setting(
        "float32",
        "Precision of the weights in the files; float16 is half as large, and is "
        "computed with in float32.",
        choices=("float32", "float16"),
    )

    def check(self):
        super().check()
        if (self.run is None) == (self.weights is None):
            raise InputError(
                "Give --run, a run folder, or --weights, a .keras file; one of the two."
            )


def main(settings):
    weights = settings.weights or bundle.find_weights(settings.run)
    if weights is None:
        raise InputError(
            f"--run {settings.run} holds none of {', '.join(bundle.OF_RUNS)}; check "
            "the folder."
        )
    weights, output = pathlib.Path(weights), pathlib.Path(settings.output)
    facts, lacking = bundle.read_run(
        weights, settings.characters, settings.structure_file
    )
    sampling = rules_of(SamplingSettings).keys() | rules_of(WriterSampling).keys()
    if settings.given & sampling:
        model = models.load_trained(weights, object, "--weights")
        facts |= generation.sampling.arguments(settings, model)
    if settings.fonts:
        facts["glyphs"] = _glyphs(settings.fonts, facts)
    differences = export.export_model(
        weights, output, formats=settings.format, storage=settings.storage, **facts
    )
    names = differences.pop("signatures")
    written = bundle.read_bundle(output)
    # A generator without a condition takes no character.
    takes_characters = written.mode is None or written.condition
    if lacking and takes_characters and "serve_characters" not in names:
        print(f"The signature serve_characters is left out: {lacking}")
    print(f"Saved {output}, with the signatures {', '.join(names)}.")
    for name, difference in differences.items():
        stored = f", weights of {settings.storage}" if name == "keras" else ""
        print(f"{name}{stored}: differs from the Keras model by {difference:.1e}.")
    return output


def _glyphs(fonts, facts):
    """The glyphs of all characters, where they lie in training, uint8."""
    if facts["characters"] is None or facts["image_size"] is None:
        raise InputError(
            "--fonts: there is no config.json that tells the characters and the size "
            "of the images; export a run folder."
        )
    drawn = glyphs.glyphs(facts["characters"], list(fonts), facts["image_size"])
    return generation.to_uint8(drawn)


if __name__ == "__main__":
    flags.run(main, Settings, __doc__)
