"""The generated sets of augmentation_gain: named by the user, or written here."""

import os
import pathlib

from hwgen_keras import generation, inputs, models
from hwgen_keras.data import GENERATED
from hwgen_keras.errors import InputError
from hwgen_keras.files import read_json, write_json
from hwgen_keras.generation.settings import WritingSettings
from hwgen_keras.safety.keras_file import STORED
from hwgen_keras.settings import as_json, rules_of

from .data import filled
from .settings import NEW, OWN

# Values of settings that the note of an older set does not name.
_DEFAULTS = {n: as_json(rule.default) for n, rule in rules_of(WritingSettings).items()}
_DEFAULTS["style_hands"] = [inputs.REAL]
# Those sets were written before glyphs were bent.
_DEFAULTS["follow_forms"] = False


class GeneratedSets:
    """The sets that belong to each amount of real data.

    Args:
        settings: of augmentation_gain.
        axis: what amounts count, "writers" or "images_a_class".
        write: function that runs generate; takes settings other than the experiment's.
    """

    def __init__(self, settings, axis, write):
        self.settings, self.axis, self.write = settings, axis, write
        self.output = pathlib.Path(settings.output)

    def check(self, amounts):
        """Raises InputError unless all needed files exist, and glyphs to rewrite."""
        for amount in amounts:
            needed = {}
            for (flag, name), path in self._paths(amount).items():
                if flag == "generated" or not self._folder(name, amount).exists():
                    needed[f"{flag}={name}"] = path
                    if flag == "generator":
                        needed["reader"] = self._reader(amount)
            for flag, path in needed.items():
                if path is not None and not os.path.exists(path):
                    raise InputError(f"--{flag}: there is no {path}.")
                if flag.startswith("generator=") and self._needs_glyphs(flag, path):
                    generation.writing.parts(self.settings, self.settings.train)

    def of(self, amount, manifest, fonts):
        """The sets of an amount of real data, {generator: manifest or store}.

        Args:
            amount, manifest: of the real data; the manifest may be None.
            fonts: paths of the fonts to write with.
        """
        found = {}
        for (flag, name), path in self._paths(amount).items():
            if flag == "generator":
                path = self._written(name, path, amount, manifest, fonts)
            found[name] = path
        characters = inputs.load_characters(self.settings)
        for path in found.values():
            # Cleaned once, not by every training.
            inputs.load_images(self.settings, path, characters, GENERATED)
        return found

    def _needs_glyphs(self, flag, path):
        """Whether a generator rewrites glyphs; a stroke writer moves strokes."""
        # A network is not loaded where all flags are given.
        if self.settings.fonts:
            return True
        # What was exported without Keras is no stroke writer that `generate` takes.
        exported = os.path.isfile(os.path.join(path, "saved_model.pb"))
        if exported and not os.path.isfile(os.path.join(path, STORED)):
            return True
        kinds = *models.GENERATORS, models.StrokeWriter
        network = models.load_trained(path, kinds, f"--{flag}", "generator.keras")
        return not isinstance(network, models.StrokeWriter)

    def _folder(self, name, amount):
        return self.output / "generated" / f"{name}-{amount}"

    def _paths(self, amount):
        """{(flag, name): path} of the sets and generators that an amount has."""
        found = {}
        for flag, named in self.settings.generators.items():
            for name, path in named.items():
                own = filled(f"{flag}={name}", path, self.axis, amount)
                # Without a placeholder it may have been trained on real data.
                tainted = own == path and amount == 0
                some = self.settings.hand_of(name) == NEW or self._hands(name, amount)
                if not tainted and (flag == "generated" or some):
                    found[flag, name] = own
        return found

    def _hands(self, name, amount):
        """The hands that are shown to a generator; real ones need real data."""
        own = self.settings.hand_of(name)
        named = {None: self.settings.style_hands, OWN: [inputs.REAL], NEW: []}[own]
        hands = [part for part in inputs.FLAG if part in named]
        return [part for part in hands if amount or part != inputs.REAL]

    def _reader(self, amount):
        reader = self.settings.reader
        return reader and filled("reader", reader, self.axis, amount)

    def _request(self, name, run, amount):
        """What decides a generated set besides the data, as JSON."""
        reader = self._reader(amount)
        values = WritingSettings.among(self.settings.values()).values()
        if self.settings.hand_of(name) == OWN:
            values["new_hands"] = 0
        return {
            **values,
            "generator": os.path.realpath(run),
            "count": self.settings.generated_count,
            "style_hands": self._hands(name, amount),
            "reader": reader and os.path.realpath(reader),
        }

    def _written(self, name, run, amount, manifest, fonts):
        """The manifest of a generator's set, which is written if it is missing."""
        request, folder = self._request(name, run, amount), self._folder(name, amount)
        note, path = folder.with_name(f"{folder.name}.json"), folder / "manifest.json"
        # A note without a set is left by a wrong flag.
        begun = folder.exists() or folder.with_name(f"{folder.name}.partial").exists()
        if begun and note.exists():
            before = read_json(note)["request"]
            _check_same(folder, {**_DEFAULTS, **before}, request)
        else:
            write_json(note, {"request": request})
        if not path.exists():
            print(f"Generating {folder}", flush=True)
            more = {}
            if self.settings.hand_of(name) == NEW:
                manifest, more = None, {"simulated_writers": 0}
            names = ("count", "style_hands", "reader", "new_hands")
            self.write(
                **{n: request[n] for n in names},
                **more,
                generator_weights=request["generator"],
                fonts=fonts,
                handwriting=[] if manifest is None else [str(manifest)],
                output=str(folder),
            )
        return path


def _check_same(folder, before, request):
    for name, value in request.items():
        if before[name] != value:
            old, new = (
                ",".join(v) if isinstance(v, list) else v for v in (before[name], value)
            )
            raise InputError(
                f"--output: {folder} was written with --{name}={old}, not {new}; "
                "choose another name for the generator, or a new folder."
            )
