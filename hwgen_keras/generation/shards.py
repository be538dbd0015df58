"""Shards: every n-th part of a set, computed by a process of its own."""

import contextlib
import os
import pathlib

from tqdm import tqdm

from hwgen_keras.errors import InputError, reason_of
from hwgen_keras.files import (
    as_path,
    complete_file,
    locked_folder,
    output_folder,
    read_json,
)
from hwgen_keras.generation.job import Job, difference
from hwgen_keras.generation.part import Part

JOB, PARTIAL = "job.json", ".partial"


def begin(folder, job):
    """Records a job in a folder; the job with which the folder was begun.

    InputError if that was another one, or the folder holds something else.
    """
    try:
        content = output_folder.recorded(folder, JOB, job.to_json())
        before = Job.of_json(content)
        other = difference(before.request, job.request)
    except InputError:
        raise
    except (ValueError, KeyError, TypeError):
        other = "none that this version reads"
    if other:
        raise InputError(
            f"{folder} holds a part of another job ({other}); repeat the command of "
            "that job, delete the folder, or choose another output."
        )
    return before


@contextlib.contextmanager
def progress_bar(job, parts, missing, shown):
    """A bar of the rows of `parts`, those that are not missing done already."""
    left = sum(len(job.parts[number]) for number in missing)
    total = sum(map(len, parts))
    with tqdm(
        total=total,
        initial=total - left,
        unit="image",
        desc="generating",
        disable=not shown,
    ) as bar:
        yield bar


def write_shard(output, job, shard, source, progress=True):
    """Computes a shard of a job.

    Args:
        output: of the set; the shard is beside it.
        job: the `Job`.
        shard: (index, number of shards).
        source: see `assemble`.
        progress: whether to show a progress bar.

    Returns:
        The folder of the shard.

    Raises:
        InputError: there is no such shard, or its folder is of another job.
    """
    index, count = shard
    if not 0 <= index < count:
        raise InputError(
            f"The shard is {index} of {count}; give one from 0 to the number less one."
        )
    output = as_path(output, "The output")
    folder = output.with_name(output.name + ".shards") / f"{index}-of-{count}"
    if folder.exists():
        begin(folder, job)
        return folder
    partial = folder.with_name(folder.name + PARTIAL)
    with locked_folder(partial, "The folder"):
        begin(partial, job)
        numbers = range(index, len(job.parts), count)
        missing = [n for n in numbers if not _file(partial, n).exists()]
        parts = [job.parts[number] for number in numbers]
        with progress_bar(job, parts, missing, progress) as bar:
            for number, part in source(missing, bar.update) if missing else ():
                with complete_file(_file(partial, number)) as file:
                    file.write_bytes(part.to_bytes())
        os.replace(partial, folder)
    return folder


class Shards:
    """All shards of a set.

    Args:
        paths: their folders, or folders that hold them.

    Attributes:
        job: the `Job` of all.

    Raises:
        InputError: see `merge_shards`.
    """

    def __init__(self, paths):
        folders = [folder for path in paths for folder in _folders(path)]
        jobs = {folder: _job(folder) for folder in folders}
        first = folders[0]
        self.job = jobs[first]
        self._folders: dict[int, pathlib.Path] = {}
        count = _place(first)[1]
        for folder in folders:
            other = difference(jobs[folder].request, self.job.request)
            if other is None and _place(folder)[1] != count:
                other = f"one of {_place(folder)[1]} shards, not {count}"
            if other:
                raise InputError(
                    f"{folder} is a shard of another set than {first} ({other}); leave "
                    "one of them out, or compute it again."
                )
            index = _place(folder)[0]
            if index in self._folders:
                raise InputError(
                    f"{folder} and {self._folders[index]} are the same shard; leave "
                    "one of them out."
                )
            self._folders[index] = folder
        absent = [n for n in range(count) if n not in self._folders]
        if absent:
            names = ", ".join(f"{n}-of-{count}" for n in absent[:5])
            names += " and others" if absent[5:] else ""
            raise InputError(
                f"Shards are missing: {names}; compute each with --shard, as "
                f"--shard={absent[0]}/{count}, or name their folders, too."
            )

    def source(self, numbers, update):
        """Yields (number, `Part`), see `assemble`."""
        for number in numbers:
            path = _file(self._folders[number % len(self._folders)], number)
            try:
                part = Part.from_bytes(path.read_bytes())
            except Exception as error:  # A damaged archive raises errors of all kinds.
                raise InputError(
                    f"{path} cannot be read ({reason_of(error)}); delete its shard and "
                    "compute it again."
                ) from None
            update(len(self.job.parts[number]))
            yield number, part


def _file(folder, number):
    return folder / f"{number:05d}.npz"


def _place(folder):
    """(index, number of shards) of a shard's folder; ValueError if it is none."""
    index, _, count = folder.name.partition("-of-")
    return int(index), int(count)


def _folders(path):
    """The folders of shards at `path`, a shard or a folder of them."""
    path = as_path(path, "The folder of shards")
    if (path / JOB).is_file() and not path.name.endswith(PARTIAL):
        return [path]
    inside = sorted(p.parent for p in pathlib.Path(path).glob(f"*/{JOB}"))
    for folder in [path, *inside]:
        if folder.name.endswith(PARTIAL):
            raise InputError(
                f"{folder} is not finished; repeat the command of that shard."
            )
    if not inside:
        raise InputError(
            f"{path} is no shard and holds none; give the folder <output>.shards of "
            "generate --shard."
        )
    return inside


def _job(folder):
    try:
        _place(folder)
        return Job.of_json(read_json(folder / JOB))
    except InputError:
        raise
    except (ValueError, KeyError, TypeError):
        raise InputError(
            f"{folder} is no shard that this version reads; delete it and compute it "
            "again."
        ) from None
