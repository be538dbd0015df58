"""python -m experiments.inspect_data --data=MANIFEST_OR_STORE --characters=jis1
    --output=FOLDER

Looks through labelled images, on all cores: how many of each character and of each
writer or font, which characters are missing, sizes, images that are blank, unreadable,
white on black or almost the same as others. Prints a summary; with --output, writes
report.json with all names, and pictures of the classes and of what is suspicious.
"""

from .flags import common

FLAGS = ("writer_pattern", "output")
EXTRA = {
    "data": (common.flags.DEFINE_string, None, "A manifest, or a packed image store."),
    "characters": (
        common.flags.DEFINE_string,
        None,
        "Character set to compare with: kana, etl8, jis1, or a text file; default: "
        "what the data have.",
    ),
}


def main(options):
    import json
    import os
    import pathlib

    from hwgen_keras.data import inspection
    from hwgen_keras.errors import InputError
    from hwgen_keras.files import complete_file
    from hwgen_keras.inputs import loading as inputs

    from .inspection import report as inspection_report
    from .inspection import sheets as inspection_sheets

    if options.data is None:
        raise InputError("--data is needed: a manifest, or a packed image store.")
    output = options.output and pathlib.Path(options.output)
    if output and os.path.exists(output):
        raise InputError(f"--output {output} exists already; choose a new folder.")
    characters = options.characters and inputs.load_characters(options)
    listing = _listing(options.data, options.writer_pattern)

    measures = _measures(listing)
    groups = inspection.duplicate_groups(measures)
    report = inspection_report.report(listing, measures, groups, characters)
    report = {"data": str(options.data), **report}
    print(inspection_report.summary(report))
    if output:
        text = json.dumps(report, ensure_ascii=False, indent=1) + "\n"
        try:
            with complete_file(output) as partial:
                partial.mkdir()
                (partial / "report.json").write_text(text, encoding="utf-8")
                inspection_sheets.write(partial, listing, measures, groups)
        except OSError as error:
            raise InputError(
                f"--output {output} cannot be written ({error.strerror}); free some "
                "space or choose another folder."
            ) from None
        print(f"Saved {output}")
    return report


def _measures(listing):
    """The `Measures` of all images, in their order."""
    from hwgen_keras import parallel
    from hwgen_keras.data.inspection import Measures, measure

    lots = listing.lots(1000)
    jobs = [(lot,) for lot in lots]
    # The last lot is smaller.
    weights = [min(1000, len(listing) - 1000 * number) for number in range(len(lots))]
    try:
        parts = dict(parallel.each(measure, jobs, "image", "reading", weights))
    except common.Stopped:
        raise common.Stopped("\nStopped; nothing was written.") from None
    return Measures.concatenate([parts[number] for number in range(len(lots))])


def _listing(path, writer_pattern):
    """What a manifest or a store lists."""
    import pathlib

    import numpy as np

    from hwgen_keras.data import ImageStore, read_manifest
    from hwgen_keras.data.inspection import Listing

    if pathlib.Path(path).suffix == ".store":
        store = ImageStore.open(path)
        characters = np.array(tuple(store.characters))[store.labels]
        sources = np.array(store.source_names)[store.sources]
        return Listing(characters, sources, pathlib.Path(path))
    samples = read_manifest(path, writer_pattern=writer_pattern)
    return Listing(
        [sample.character for sample in samples],
        [sample.writer for sample in samples],
        samples,
    )


if __name__ == "__main__":
    common.run(main, __doc__, FLAGS, EXTRA)
