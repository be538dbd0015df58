"""python -m experiments.inspect_data --data=MANIFEST_OR_STORE --characters=jis1
    --output=FOLDER

Inspects labelled images, on all cores: how many there are of each character and of each
writer or font, which characters are missing, sizes, images that are blank, unreadable,
white on black or almost the same as others. Prints a summary; with --output, writes
report.json with all names, and pictures of the classes and of suspicious images.
"""

import dataclasses

from hwgen_keras import data, inputs
from hwgen_keras.files import complete_file, writable, write_json
from hwgen_keras.inputs.settings import WriterPattern
from hwgen_keras.settings import NewOutput, like, setting

from . import flags, inspection


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(WriterPattern, NewOutput):
    """Settings of the inspection of labelled images."""

    data: str = setting(
        None,
        "A manifest, a packed image store, or a .tar, .parquet or .tfrecord file of "
        "generate.",
        required=True,
    )
    characters: str | None = setting(
        None,
        "Character set to compare with: kana, etl8, jis1, japanese, or a text file; "
        "default: what the data have.",
    )
    output: str | None = like(
        NewOutput, "output", help="New folder for the report.", required=False
    )


def main(settings):
    characters = settings.characters and inputs.load_characters(settings)
    listing = inspection.listing_of(settings.data, settings.writer_pattern)
    measures = inspection.measures_of(listing)
    groups = data.duplicate_groups(measures)
    findings = inspection.findings_of(listing, measures, groups, characters)
    report = {"data": settings.data, **findings}
    print(inspection.summary(report))
    if settings.output:
        output = settings.output
        with writable(output, "--output"), complete_file(output) as partial:
            partial.mkdir()
            write_json(partial / "report.json", report)
            inspection.write_sheets(partial, listing, measures, groups)
        print(f"Saved {output}")
    return report


if __name__ == "__main__":
    flags.run(main, Settings, __doc__)
