"""Writes a generated set part by part, so that an interrupted run can be resumed."""

import collections
import concurrent.futures
import os
import pathlib
import shutil
from collections.abc import Sequence

from hwgen_keras.errors import InputError
from hwgen_keras.files import (
    StrPath,
    as_path,
    locked_folder,
    read_json,
    write_json,
    write_text,
)
from hwgen_keras.generation import provenance, shards
from hwgen_keras.generation.formats import FORMATS
from hwgen_keras.generation.gate import Gate
from hwgen_keras.generation.job import difference, job_of
from hwgen_keras.generation.pipeline import Pipeline
from hwgen_keras.generation.provenance import SUMMARY
from hwgen_keras.generation.sampler import GenerationSampler

PART_ROWS = 1024
# The most parts that wait for the disk.
_WAITING = 2


def generate(
    generator,
    sampler: GenerationSampler,
    output: StrPath,
    batch_size: int = 64,
    progress: bool = True,
    *,
    form: str = "png",
    gate: Gate | None = None,
    threads: int | None = None,
    part_rows: int = PART_ROWS,
    notes: dict | None = None,
    shard: tuple[int, int] | None = None,
) -> pathlib.Path:
    """Writes the images of a sampler as a labelled set.

    The set is a folder with `provenance.csv`, a line for each image;
    `generation.json`, the request and the rejected images of each character; and the
    images in one of the forms

    - "png": `<code point>/<number>.png`, and `metadata.csv` for `datasets`;
    - "store": `images.store`;
    - "tfrecord": `images-<part>-of-<parts>.tfrecord`, see `data.tfrecords`;
    - "webdataset": tar files of up to 128 MiB, see `data.webdataset`;
    - "parquet": Parquet files of up to 128 MiB, see `data.parquet`.

    `manifest.json` lists the images of each form.

    The writer of an image is the hand whose style it has. The same arguments give the
    same files. Another batch size, version or processor may move a grey by one of its
    255 levels, so a set is not resumed with one. An interrupted or killed run leaves
    its finished parts in `<output>.partial`, and the next run resumes from them.

    Args:
        generator: a built `AdaINGenerator` or `DiffusionGenerator`.
        sampler: a `GenerationSampler`.
        output: the new folder; it appears when all images are written.
        batch_size: images generated at once.
        progress: whether to show a progress bar.
        form: "png", "store", "tfrecord", "webdataset" or "parquet".
        gate: a `Gate`; None: one that rejects only blank images.
        threads: threads that decode and encode images; None: one a core, at most four.
        part_rows: rows that are generated, compared with each other and written
            together. A part has whole characters, unless one has more rows than that.
        notes: optional dict to keep in `generation.json`, as JSON.
        shard: (index from 0, number of shards): only every so manieth part is made, in
            the folder `<output>.shards/<index>-of-<number>`, for `merge_shards`.

    Returns:
        The path of the manifest, of the store, of the folder of the other files, or of
        the shard.

    Raises:
        InputError: `output` exists already; an interrupted run with another model,
            other images, flags or seed left its parts; or no image passed.

    Example:
        >>> characters = hw.CharacterSet("two", "あい")
        >>> hands = hw.simulated_store([1, 2], characters, 32, progress=False)
        >>> fonts = hw.find_fonts("fonts")
        >>> glyphs = hw.font_store(fonts, characters, 32, progress=False)
        >>> store = hw.ImageStore.merge([glyphs, hands])
        >>> sampler = hw.GenerationSampler(store, count=2)
        >>> generator = hw.AdaINGenerator(width=8, multipliers=(1, 2))
        >>> generator.build()
        >>> path = hw.generate(generator, sampler, "generated", progress=False)
        >>> len(hw.read_manifest(path))
        4
    """
    if form not in FORMATS:
        raise InputError(f"The form is {form!r}; use {', '.join(FORMATS)}.")
    if part_rows < 1 or batch_size < 1:
        raise InputError(
            f"A part has {part_rows} rows and a batch {batch_size}; give 1 or more."
        )
    if shard is None:
        output = check_output(output)
    gate = Gate() if gate is None else gate
    job = job_of(generator, sampler, gate, form, part_rows, batch_size, notes)

    def source(numbers, update):
        pipeline = Pipeline(generator, sampler, gate, batch_size, threads)
        rows = [job.parts[number] for number in numbers]
        yield from zip(numbers, pipeline.parts(rows, update), strict=True)

    if shard is not None:
        return shards.write_shard(output, job, shard, source, progress)
    return assemble(output, job, source, progress)


def merge_shards(
    paths: Sequence[StrPath], output: StrPath, progress: bool = True
) -> pathlib.Path:
    """Joins the shards of a set: the files are those of one run of `generate`.

    The shards stay. An interrupted merge is resumed by the same call.

    Args:
        paths: folders of the shards, or folders that hold them, such as
            `<output>.shards`.
        output: the new folder; it appears when all images are written.
        progress: whether to show a progress bar.

    Returns:
        See `generate`.

    Raises:
        InputError: a shard is missing, unfinished, given twice, damaged, or of another
            set; or see `generate`.

    Example:
        >>> characters = hw.CharacterSet("two", "あい")
        >>> hand = [hw.PenWriter(1).track(character) for character in "うえお"]
        >>> hands = hw.StrokeStore.of_tracks(hand, ["one"] * 3, hw.SIMULATED)
        >>> writer = hw.StrokeWriter(hw.StrokeTransformer(width=16, depth=1, heads=2))
        >>> writer.build()
        >>> sampler = hw.TrackGenerationSampler(hands, characters, 2, image_size=32)
        >>> for index in range(2):
        ...     shard = index, 2
        ...     _ = hw.generate(
        ...         writer, sampler, "set", progress=False, part_rows=2, shard=shard
        ...     )
        >>> path = hw.merge_shards(["set.shards"], "set", progress=False)
        >>> len(hw.read_manifest(path))
        4
    """
    joined = shards.Shards(paths)
    return assemble(output, joined.job, joined.source, progress)


def assemble(output, job, source, progress=True):
    """Writes the set of a job from its parts, and nothing twice.

    Args:
        output: the new folder.
        job: the `Job`.
        source: a function of (numbers of the missing parts, function to be called with
            the number of rows that are done since the last call), which yields
            (number, `Part`) of each, in any order.
        progress: whether to show a progress bar.

    Returns, Raises: see `generate`.
    """
    output, form = check_output(output), FORMATS[job.request["form"]]
    partial = output.with_name(output.name + ".partial")
    if output.exists():
        _check_same(output, job.request)
        # A run that was killed just before its end left it.
        shutil.rmtree(partial, ignore_errors=True)
        return output / form.result
    with locked_folder(partial, "The folder"):
        job = shards.begin(partial, job)
        folder, records = partial / "set", partial / "parts"
        folder.mkdir(exist_ok=True)
        records.mkdir(exist_ok=True)
        parts = job.parts
        writer = form(job.rows, folder, records, len(parts))
        paths = [records / f"{number:05d}.json" for number in range(len(parts))]
        missing = [n for n, path in enumerate(paths) if not path.exists()]
        with (
            shards.progress_bar(job, parts, missing, progress) as bar,
            concurrent.futures.ThreadPoolExecutor(1) as disk,
        ):
            writing: collections.deque = collections.deque()
            for number, part in source(missing, bar.update) if missing else ():
                arguments = number, parts[number], paths[number], part
                writing.append(disk.submit(_write, writer, *arguments))
                if len(writing) > _WAITING:
                    writing.popleft().result()
            for future in writing:
                future.result()
        summary = provenance.summary(job.rows, paths)
        if summary["images"]:
            provenance.write(folder, job, writer, paths)
            summary = {**job.notes, "job": job.request, **summary}
            write_json(folder / SUMMARY, summary)
            os.replace(folder, output)
    shutil.rmtree(partial)
    if not summary["images"]:
        attempts = job.request["gate"]["max_attempts"]
        reasons = ", ".join(f"{n} {why}" for why, n in summary["rejected"].items())
        raise InputError(
            f"No image passed in {attempts} attempts a row ({reasons}); ask "
            "for a lower score, or train the generator longer."
        )
    return output / writer.result


def _write(writer, number, rows, path, part):
    """Writes a part, and last the record that marks it as complete."""
    writer.write(number, rows, part.images)
    write_text(path, part.record())


def check_output(output: StrPath) -> pathlib.Path:
    """The path of an output folder; InputError if it exists and is no set."""
    output = as_path(output, "The output")
    if output.exists() and not (output / SUMMARY).is_file():
        raise InputError(f"The folder {output} exists already; choose another output.")
    return output


def _check_same(output, request):
    """Raises InputError unless the folder is the set of this request."""
    try:
        before = read_json(output / SUMMARY)["job"]
    except (InputError, KeyError, TypeError):
        before = None
    other = difference(before, request)
    if other:
        raise InputError(
            f"The folder {output} exists already and holds another set ({other}); "
            "choose another output."
        )
