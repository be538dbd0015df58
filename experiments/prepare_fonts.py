"""python -m experiments.prepare_fonts --fonts=FOLDER --system --characters=jis1
    --image_size=128 --output=FOLDER

Renders every glyph of every font once, on all cores. Writes to <output>: fonts.store,
which --fonts of the other scripts takes; coverage.csv and coverage.json, what each
font covers, its weight and licence; sheets/, pictures of characters of each font.
Copies of a font, broken files and fonts without a character of the set are listed and
left out. --font_list takes the fonts that a text file names alone, and font_list.json
tells which of them are missing. After an interruption the same command resumes.
"""

import dataclasses
import pathlib
import shutil

from hwgen_keras import data, inputs, parallel, sources
from hwgen_keras.errors import InputError
from hwgen_keras.files import (
    locked_folder,
    output_folder,
    read_json,
    writable,
    write_json,
)
from hwgen_keras.inputs.settings import Characters, Fonts
from hwgen_keras.settings import NOTHING, RESULT, Output, setting

from . import flags, fonts


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(Fonts, Characters, Output):
    """Settings of the rendering of fonts."""

    image_size: int = setting(128, "Side of the images in pixels.", at_least=8)
    system: bool = setting(
        False,
        "Take the installed Japanese fonts, too; the same as --fonts=system.",
        changes=NOTHING,
    )
    font_list: str | None = setting(
        None,
        "Take of --fonts those alone that a text file names, a font a line: family and "
        "style, or the name of its file, as in the original's use_font.txt. What is "
        "missing is named.",
    )

    def check(self):
        super().check()
        if not self.fonts and not self.system:
            raise InputError(
                "--fonts or --system is needed: a folder or file of fonts."
            )


def main(settings):
    characters = inputs.load_characters(settings)
    names = settings.font_list and fonts.read_font_list(settings.font_list)
    files = font_files(settings)
    output = pathlib.Path(settings.output)
    path = output / "fonts.store"
    with locked_folder(output, "--output"), writable(output, "--output"):
        request = request_of(settings, files, characters, names)
        if output_folder.begin(output, request, path.name, {"--font_list": None}):
            print(f"{output} is complete already.")
            return path
        found = read(files, characters)
        if names:
            found, listed = fonts.select_listed(found, names)
            fonts.report_listed(listed)
            if not listed["found"]:
                begin_again(output)
                raise InputError(
                    f"--font_list {settings.font_list}: none of its {len(names)} fonts "
                    f"({names[0]}, …) is among the {len(files)} font files; give "
                    "--fonts the folder that holds them."
                )
        survey = sources.font_survey.survey(found, characters)
        records = render(survey.fonts, characters, settings.image_size, output)
        left_out = survey.left_out + fonts.unusable(records, characters)
        records = [record for record in records if record["rendered"]]
        fonts.report_left_out(left_out)
        if not records:
            begin_again(output)
            raise InputError(
                f"--fonts: no font has a usable glyph of {characters.name}; give other "
                "fonts or another set."
            )
        if names:
            write_json(output / "font_list.json", listed)
        fonts.write_coverage(output, records, left_out, characters, settings.image_size)
        stores = [output / "parts" / record["part"] for record in records]
        store = data.concatenate_stores(stores, path)
        fonts.write_sheets(output / "sheets", store, records)
        print(fonts.coverage_table(records, characters))
        output_folder.finish(output)
    print(f"{len(store)} glyphs of {len(records)} fonts. Saved {path}")
    return path


def font_files(settings):
    """The font files of `--fonts` and `--system`, each once."""
    folders = [path for path in settings.fonts if path != "system"]
    files = [file for path in folders for file in sources.font_files.font_files(path)]
    if settings.system or "system" in settings.fonts:
        installed = sources.font_files.installed_files()
        if not installed:
            raise InputError("--fonts=system: no Japanese font is installed.")
        files += installed
    return list(dict.fromkeys(file.absolute() for file in files))


def begin_again(output):
    """Lets the folder be begun again with other fonts."""
    shutil.rmtree(output / "parts")
    (output / "request.json").unlink()


def request_of(settings, files, characters, names):
    """What decides the result, see `output_folder`."""
    rows = []
    for file in files:
        s = file.stat() if file.is_file() else None
        rows.append([str(file), s and s.st_size, s and s.st_mtime_ns])
    values = settings.values(RESULT)
    values |= {"characters": "".join(characters), "fonts": rows, "font_list": names}
    return {f"--{name}": value for name, value in values.items()}


def read(files, characters):
    """[(file, result of `font_survey.read_file`)] of the files."""
    jobs = [(file, characters) for file in files]
    function = sources.font_survey.read_file
    results = dict(parallel.each(function, jobs, "file", "reading"))
    return [(file, results[index]) for index, file in enumerate(files)]


def render(faces, characters, image_size, output):
    """Renders the faces that are not yet; returns the records of all, in order."""
    paths = [output / "parts" / f"{number:05d}.json" for number in range(len(faces))]
    jobs = [
        (font, face, characters, image_size, path)
        for (font, face), path in zip(faces, paths, strict=True)
        if not path.exists()
    ]
    if len(jobs) < len(faces):
        print(f"{len(faces) - len(jobs)} of {len(faces)} fonts are rendered already.")
    weights = [len(characters)] * len(jobs)
    list(parallel.each(fonts.render_part, jobs, "glyph", "rendering", weights))
    return [read_json(path) for path in paths]


if __name__ == "__main__":
    flags.run(main, Settings, __doc__)
