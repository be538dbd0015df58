"""python -m experiments.generate --generator_weights=RUN --fonts=FONTS
    --handwriting=MANIFEST_OR_STORE --count=20 --output=FOLDER

Step 3: writes a labelled set of images: every character that the fonts cover, in the
hands of the handwriting. Writes into <output> the images as PNG files, as images.store,
or as files for other libraries (--format); manifest.json, which lists them;
provenance.csv, where each image comes from; and generation.json, the settings and the
rejected images. The writer of an image is the hand whose style it has. With --reader
and --min_content_score a recogniser reads each image, and one that it does not read as
its character is drawn again. An interrupted set stays in <output>.partial; the same
command resumes it. --engine=dask computes on several processes or machines; --shard=0/8
and so on compute parts of a set in jobs of any scheduler, and --merge joins them.
docs/how-to/generation.md explains more.
"""

import pathlib

from hwgen_keras import cluster, evaluation, generation
from hwgen_keras.files import read_json

from . import flags, generated

Settings, load_generator = generated.Settings, generated.load_generator

_WORST = 10


def main(settings):
    shard = settings.part_of_all
    if shard is None:
        generation.check_output(settings.output)
    if settings.merge:
        path = generation.merge_shards(settings.merge, settings.output)
    elif settings.engine == cluster.DASK:
        with cluster.connected(settings) as workers:
            job = generated.described(workers, settings)
            source = generated.source_of(workers, settings, job)
            path = generation.write(settings.output, job, source, shard)
    else:
        maker = generated.maker_of(settings)
        path = generation.write(settings.output, maker.job, maker.source, shard)
    if shard is None:
        report(read_json(pathlib.Path(settings.output, "generation.json")))
    print(f"Saved {path}")
    return path


def report(summary):
    """Prints the number of images, and the characters with the most rejected ones."""

    def row(name, values):
        rejected = values["rejected"].values()
        return [name, values["images"], values["rows"], *rejected, values["dropped"]]

    def lost(values):
        return values["dropped"], sum(values["rejected"].values())

    print(f"{summary['images']} images.")
    if not any(lost(summary)):
        return
    reasons = map(str.capitalize, generation.REASONS)
    header = ["Character", "Images", "Asked for", *reasons, "Dropped"]
    items = sorted(summary["characters"].items(), key=lambda item: lost(item[1]))
    worst = [row(*item) for item in reversed(items) if any(lost(item[1]))]
    print("Rejected, and dropped after --max_attempts, the worst characters first:")
    print(evaluation.text_table(header, [row("all", summary), *worst[:_WORST]]))
    if summary["dropped"]:
        print(
            f"{summary['dropped']} of {summary['rows']} rows have no image that "
            "passed; the set is smaller than --count by as many."
        )


if __name__ == "__main__":
    flags.run(main, Settings, __doc__)
