"""Writes a set from its parts, so that an interrupted run can be resumed."""

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
from hwgen_keras.generation.job import difference
from hwgen_keras.generation.provenance import SUMMARY

# The most parts that wait for the disk.
_WAITING = 2


def write(output, job, source, shard=None, progress=True):
    """Writes a set, or a shard of it, from its parts; see `assemble` and `generate`."""
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
