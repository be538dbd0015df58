"""python -m experiments.prepare_strokes --online=strokes.json --output=FOLDER
python -m experiments.prepare_strokes --fit=fonts.store --output=FOLDER
python -m experiments.prepare_strokes --simulated_writers=20 --output=FOLDER

Recorded handwriting (JSON, Tegaki XML, InkML, SVG, UNIPEN), its strokes matched to
KanjiVG's whatever their order, direction and number; and images of single characters,
to whose ink KanjiVG's strokes are fitted; on all cores, or on workers of Dask
(--engine=dask). Writes to <output>:
strokes.store, the tracks of the pen; refused.txt and unfitted.txt, what could not be
matched or fitted, and why; sheets/, pictures of samples and images beside their tracks.
After an interruption the same command resumes. docs/how-to/strokes.md explains more.
"""

import dataclasses
import pathlib

from hwgen_keras import cluster, data, sources
from hwgen_keras.characters import CharacterSet, character_set
from hwgen_keras.errors import InputError
from hwgen_keras.files import locked_folder, output_folder, writable
from hwgen_keras.inputs.settings import Characters, SimulatedWriters, WriterPattern
from hwgen_keras.settings import RESULT, Output, Seed, like, named_values, setting

from . import flags, strokes


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(SimulatedWriters, WriterPattern, cluster.Engine, Output, Seed):
    """Settings of the making of a stroke store."""

    # Images outside of --characters are left out.
    skip_unknown_characters = True

    online: tuple[str, ...] = setting(
        (),
        "Files of recorded strokes, or folders of them, joined by commas.",
        separator=",",
    )
    fit: tuple[str, ...] = setting(
        (),
        "Images of one character each, to whose ink strokes are fitted: stores of "
        "prepare_fonts or prepare_etl, manifests, or folders, joined by commas.",
        separator=",",
    )
    reader: str | None = setting(
        None,
        "A recogniser: a fit is kept if the character is among the first five that it "
        "reads in the drawn fit. Default: fits are not read.",
    )
    kanji_each: int = setting(
        0,
        "Kanji of each hand of --fit that are taken, drawn by --seed; 0: all. Of other "
        "characters, which are few, all are taken.",
        at_least=0,
    )
    licence: tuple[str, ...] = setting(
        (),
        "Licence of a file or folder of --online or --fit, FILE=LICENCE, such as "
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
        if not self.online and not self.fit and not self.simulated_writers:
            raise InputError("--online, --fit or --simulated_writers is needed.")
        if self.reader is not None and not self.fit:
            raise InputError("--reader reads fits; give --fit, or leave it out.")
        if self.kanji_each and not self.fit:
            raise InputError("--kanji_each chooses images of --fit; give it, too.")
        names = {pathlib.Path(path).name for path in (*self.online, *self.fit)}
        for name in named_values("licence", self.licence, "LICENCE"):
            if name not in names:
                raise InputError(
                    f"--licence={name}=…: neither --online nor --fit has a file or "
                    "folder of that name."
                )


def main(settings):
    samples, licences, unread = read(settings)
    images, image_licences = strokes.fits.images(settings)
    characters = characters_of(settings, samples + images)
    output = pathlib.Path(settings.output)
    path = output / "strokes.store"
    with locked_folder(output, "--output"), writable(output, "--output"):
        request = request_of(settings, images)
        if output_folder.begin(output, request, path.name):
            print(f"{output} is complete already.")
            return path
        record, parts = strokes.match(settings, samples, licences, characters, output)
        if settings.online:
            refused = [(samples[n].name, why) for n, why in record["refused"]]
            strokes.report(record, unread + refused, output / "refused.txt")
        if settings.fit:
            fitted, fits = strokes.fits.fit(
                settings, images, image_licences, characters, output
            )
            strokes.fits.report(images, fitted, output / "unfitted.txt")
        simulated = strokes.simulate(settings, characters, output)
        with data.StrokeStoreWriter(path, characters, settings.points) as writer:
            for part in parts:
                writer.add_store(data.StrokeStore.open(part))
            for fit in fits if settings.fit else ():
                writer.add_store(fit)
            for part in simulated:
                writer.add_store(data.StrokeStore.open(part))
        store = data.StrokeStore.open(path)
        strokes.write_sheets(output / "sheets", samples, store, record)
        if settings.fit:
            strokes.fits.write_sheet(output / "sheets", images, store, fitted)
        output_folder.finish(output)
    print(f"{len(store)} tracks of {len(store.source_names)} writers. Saved {path}")
    return path


def read(settings):
    """The samples of --online, the licence of each, and [(name, why)] of the others."""
    samples, licences, unread = [], [], []
    for path in settings.online:
        found = sources.online.read_online(path)
        samples += found.samples
        licences += [strokes.licence(settings, path)] * len(found.samples)
        unread += found.refused
    return samples, licences, unread


def characters_of(settings, samples):
    """The `CharacterSet` of the store."""
    if settings.characters or not samples:
        return character_set(settings.characters or "jis1")
    return CharacterSet("strokes", sorted({sample.character for sample in samples}))


def request_of(settings, images):
    """What decides the result, see `output_folder`."""
    files = [
        path for name in settings.online for path in sources.online.online_files(name)
    ]
    files += dict.fromkeys(sample.path for sample in images)
    status = [(str(path), path.stat()) for path in files]
    rows = [[name, s.st_size, s.st_mtime_ns] for name, s in status]
    values = {f"--{name}": value for name, value in settings.values(RESULT).items()}
    return values | {"files": rows}


if __name__ == "__main__":
    flags.run(main, Settings, __doc__)
