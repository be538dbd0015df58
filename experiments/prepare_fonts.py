"""python -m experiments.prepare_fonts --fonts=FOLDER --system --characters=jis1
    --image_size=128 --output=FOLDER

Renders every glyph of every font once, on all cores. Writes to <output>: fonts.store,
which --fonts of the other scripts takes; coverage.csv and coverage.json, what each
font covers, its weight and licence; sheets/, a few characters of each font to look at.
Copies of a font, broken files and fonts without a character of the set are listed and
left out. What is interrupted goes on with the same command.
"""

from .flags import common

FLAGS = ("fonts", "characters", "image_size", "output")
EXTRA = {
    "system": (
        common.flags.DEFINE_boolean,
        False,
        "Take the installed Japanese fonts, too; the same as --fonts=system.",
    ),
}


def main(options):
    import pathlib

    from hwgen_keras.errors import InputError
    from hwgen_keras.files import locked_folder
    from hwgen_keras.inputs import loading as inputs

    if options.system:
        options.fonts = list(dict.fromkeys([*options.fonts, "system"]))
    if not options.fonts:
        raise InputError("--fonts or --system is needed: a folder or file of fonts.")
    if options.output is None:
        raise InputError("--output is needed: the folder for the rendered glyphs.")
    options.image_size = options.image_size or 128
    if options.image_size < 8:
        raise InputError(f"--image_size is {options.image_size}; give 8 or more.")
    characters = inputs.load_characters(options)
    files = _files(options.fonts)
    output = pathlib.Path(options.output)
    with locked_folder(output, "--output"):
        try:
            return _prepare(files, characters, options.image_size, output)
        except OSError as error:
            raise InputError(
                f"--output {output} cannot be written ({error.strerror}); free some "
                "space or choose another folder."
            ) from None


def _prepare(files, characters, image_size, output):
    import shutil

    from hwgen_keras.errors import InputError
    from hwgen_keras.files import output_folder

    from .fonts import coverage as font_coverage

    path = output / "fonts.store"
    request = _request(files, characters, image_size)
    if output_folder.begin(output, request, path.name):
        print(f"{output} is complete; nothing is to do.")
        return path
    survey = _survey(files, characters)
    records = _render(survey.fonts, characters, image_size, output)
    left_out = survey.left_out + font_coverage.unusable(records, characters)
    records = [record for record in records if record["rendered"]]
    font_coverage.tell_left_out(left_out)
    if not records:
        # The same folder may be begun again with better fonts.
        shutil.rmtree(output / "parts")
        (output / "request.json").unlink()
        raise InputError(
            f"--fonts: no font has a usable glyph of {characters.name}; give other "
            "fonts or another set."
        )
    font_coverage.write(output, records, left_out, characters, image_size)
    store = _join(output, records)
    font_coverage.write_sheets(output / "sheets", store, records)
    print(font_coverage.table(records, characters))
    output_folder.finish(output)
    print(f"{len(store)} glyphs of {len(records)} fonts. Saved {path}")
    return path


def _files(paths):
    """The font files of `--fonts`, each once."""
    from hwgen_keras.errors import InputError
    from hwgen_keras.sources.font_files import font_files, installed_files

    files = [file for p in paths if p != "system" for file in font_files(p)]
    if "system" in paths:
        installed = installed_files()
        if not installed:
            raise InputError("--fonts=system: no Japanese font is installed.")
        files += installed
    return list(dict.fromkeys(file.absolute() for file in files))


def _request(files, characters, image_size):
    """What decides the result, as JSON."""
    status = [file.stat() if file.is_file() else None for file in files]
    return {
        "image size": image_size,
        "characters": "".join(characters),
        "fonts": [
            [str(file), s and s.st_size, s and s.st_mtime_ns]
            for file, s in zip(files, status, strict=True)
        ],
    }


def _survey(files, characters):
    from hwgen_keras import parallel
    from hwgen_keras.sources.font_survey import read_file, survey

    jobs = [(file, characters) for file in files]
    results = dict(parallel.each(read_file, jobs, "file", "reading"))
    return survey([(file, results[n]) for n, file in enumerate(files)], characters)


def _render(fonts, characters, image_size, output):
    """Renders what is not rendered yet; the records of all fonts, in their order."""
    import json

    from hwgen_keras import parallel

    from .fonts import coverage as font_coverage

    parts = output / "parts"
    paths = [parts / f"{number:05d}.json" for number in range(len(fonts))]
    jobs = [
        (font, face, characters, image_size, path)
        for (font, face), path in zip(fonts, paths, strict=True)
        if not path.exists()
    ]
    if len(jobs) < len(fonts):
        print(f"{len(fonts) - len(jobs)} of {len(fonts)} fonts are rendered already.")
    weights = [len(characters)] * len(jobs)
    for _ in parallel.each(
        font_coverage.render_part, jobs, "glyph", "rendering", weights
    ):
        pass
    return [json.loads(path.read_text(encoding="utf-8")) for path in paths]


def _join(output, records):
    from hwgen_keras.data import concatenate_stores

    parts = [output / "parts" / record["part"] for record in records]
    return concatenate_stores(parts, output / "fonts.store")


if __name__ == "__main__":
    common.run(main, __doc__, FLAGS, EXTRA)
