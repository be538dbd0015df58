"""python -m experiments.prepare_strokes --online=strokes.json --output=FOLDER
python -m experiments.prepare_strokes --simulated_writers=20 --output=FOLDER

Recorded handwriting (JSON, Tegaki XML, InkML, SVG, UNIPEN), its strokes matched to
KanjiVG's whatever their order, direction and number, on all cores. Writes to <output>:
strokes.store, the tracks of the pen; refused.txt, what could not be matched, and why;
sheets/, pictures of samples beside their tracks, and of refused ones. After an
interruption the same command resumes. docs/how-to/strokes.md explains the files.
"""

import dataclasses
import pathlib

from hwgen_keras import data, sources
from hwgen_keras.characters import CharacterSet, character_set
from hwgen_keras.errors import InputError
from hwgen_keras.files import locked_folder, output_folder, writable
from hwgen_keras.inputs.settings import Characters, SimulatedWriters
from hwgen_keras.settings import RESULT, Output, like, named_values, setting

from . import flags, strokes


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(SimulatedWriters, Output):
    """Settings of the making of a stroke store."""

    online: tuple[str, ...] = setting(
        (),
        "Files of recorded strokes, or folders of them, joined by commas.",
        separator=",",
    )
    licence: tuple[str, ...] = setting(
        (),
        "Licence of a file or folder of --online, FILE=LICENCE, such as "
        "strokes.json=MIT; may be given several times.",
    )
    simulated_writers: int = like(
        SimulatedWriters,
        "simulated_writers",
        help="Number of simulated writers (KanjiVG strokes) to add.",
    )
    characters: str | None = like(
        Characters,
        "characters",
        default=None,
        help="Character set to keep: kana, etl8, jis1, or a text file with one "
        "character a line. Default: all characters of the samples; for simulated "
        "writers alone jis1.",
    )
    points: int = setting(24, "Points of each line of a track.", at_least=2)
    radius: float = setting(
        0.015,
        "Half the width of recorded lines, as a share of the character's box.",
        above=0,
        at_most=0.2,
    )

    def check(self):
        super().check()
        if not self.online and not self.simulated_writers:
            raise InputError("--online or --simulated_writers is needed.")
        names = {pathlib.Path(path).name for path in self.online}
        for name in named_values("licence", self.licence, "LICENCE"):
            if name not in names:
                raise InputError(
                    f"--licence={name}=…: --online has no file or folder of that name."
                )


def main(settings):
    samples, licences, unread = read(settings)
    characters = characters_of(settings, samples)
    output = pathlib.Path(settings.output)
    path = output / "strokes.store"
    with locked_folder(output, "--output"), writable(output, "--output"):
        request = request_of(settings)
        if output_folder.begin(output, request, path.name):
            print(f"{output} is complete already.")
            return path
        record, parts = strokes.match(settings, samples, licences, characters, output)
        if settings.online:
            refused = [(samples[n].name, why) for n, why in record["refused"]]
            strokes.report(record, unread + refused, output / "refused.txt")
        parts += strokes.simulate(settings, characters, output)
        with data.StrokeStoreWriter(path, characters, settings.points) as writer:
            for part in parts:
                writer.add_store(data.StrokeStore.open(part))
        store = data.StrokeStore.open(path)
        strokes.write_sheets(output / "sheets", samples, store, record)
        output_folder.finish(output)
    print(f"{len(store)} tracks of {len(store.source_names)} writers. Saved {path}")
    return path


def read(settings):
    """The samples of --online, the licence of each, and [(name, why)] of the others."""
    listed = named_values("licence", settings.licence, "LICENCE")
    samples, licences, unread = [], [], []
    for path in settings.online:
        found = sources.online.read_online(path)
        samples += found.samples
        (licence,) = listed.get(pathlib.Path(path).name, [""])[-1:]
        licences += [licence] * len(found.samples)
        unread += found.refused
        if not licence:
            print(f"No licence is known of {path}; --licence tells it.")
    return samples, licences, unread


def characters_of(settings, samples):
    """The `CharacterSet` of the store."""
    if settings.characters or not samples:
        return character_set(settings.characters or "jis1")
    return CharacterSet("strokes", sorted({sample.character for sample in samples}))


def request_of(settings):
    """What decides the result, see `output_folder`."""
    files = [
        path for name in settings.online for path in sources.online.online_files(name)
    ]
    status = [(str(path), path.stat()) for path in files]
    rows = [[name, s.st_size, s.st_mtime_ns] for name, s in status]
    values = {f"--{name}": value for name, value in settings.values(RESULT).items()}
    return values | {"files": rows}


if __name__ == "__main__":
    flags.run(main, Settings, __doc__)
