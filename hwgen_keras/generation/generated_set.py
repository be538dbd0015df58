"""Writes a generated set part by part, so that an interrupted run can be resumed."""

import hashlib
import json
import os
import pathlib
import shutil

import numpy as np
from tqdm import tqdm

from hwgen_keras.errors import InputError
from hwgen_keras.files import (
    StrPath,
    as_path,
    locked_folder,
    output_folder,
    read_json,
    write_json,
)
from hwgen_keras.generation import provenance
from hwgen_keras.generation.formats import FORMATS
from hwgen_keras.generation.gate import Gate, digest_of
from hwgen_keras.generation.pipeline import Pipeline, parts_of
from hwgen_keras.generation.provenance import SUMMARY
from hwgen_keras.generation.sampler import GenerationSampler

JOB = "job.json"
PART_ROWS = 1024


def generate(
    generator,
    sampler: GenerationSampler,
    output: StrPath,
    batch_size: int = 64,
    progress: bool = True,
    *,
    form: str = "png",
    gate: Gate | None = None,
    workers: int | None = None,
    part_rows: int = PART_ROWS,
    notes: dict | None = None,
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
    same set for any batch size and workers, but for rounding, which may move a grey by
    one of its 255 levels. An interrupted or killed run leaves its finished parts in
    `<output>.partial`, and the next run resumes from them.

    Args:
        generator: a built `AdaINGenerator` or `DiffusionGenerator`.
        sampler: a `GenerationSampler`.
        output: the new folder; it appears when all images are written.
        batch_size: images generated at once.
        progress: whether to show a progress bar.
        form: "png", "store", "tfrecord", "webdataset" or "parquet".
        gate: a `Gate`; None: one that rejects only blank images.
        workers: threads that decode and encode images; None: one a core, at most four.
        part_rows: rows that are generated, compared with each other and written
            together. A part has whole characters, unless one has more rows than that.
        notes: optional dict to keep in `generation.json`, as JSON.

    Returns:
        The path of the manifest, of the store, or of the folder of the other files.

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
    output = check_output(output)
    gate = Gate() if gate is None else gate
    if form not in FORMATS:
        raise InputError(f"The form is {form!r}; use {', '.join(FORMATS)}.")
    if part_rows < 1 or batch_size < 1:
        raise InputError(
            f"A part has {part_rows} rows and a batch {batch_size}; give 1 or more."
        )
    model = digest_of(generator)
    request = _request(generator, sampler, gate, form, part_rows, model)
    partial = output.with_name(output.name + ".partial")
    if output.exists():
        _check_same(output, request)
        # A run that was killed just before its end left it.
        shutil.rmtree(partial, ignore_errors=True)
        return output / FORMATS[form].result
    with locked_folder(partial, "The folder"):
        _begin(partial, request)
        folder, records = partial / "set", partial / "parts"
        folder.mkdir(exist_ok=True)
        records.mkdir(exist_ok=True)
        parts = parts_of(sampler.counts, part_rows)
        writer = FORMATS[form](sampler, folder, records, len(parts))
        paths = [records / f"{number:05d}.json" for number in range(len(parts))]
        missing = [n for n, path in enumerate(paths) if not path.exists()]
        with tqdm(
            total=sampler.rows_per_epoch,
            initial=sampler.rows_per_epoch - sum(len(parts[n]) for n in missing),
            unit="image",
            desc="generating",
            disable=not progress,
        ) as bar:
            pipeline = Pipeline(generator, sampler, gate, batch_size, workers, bar)
            pipeline.run(parts, missing, writer, paths)
        summary = provenance.summary(sampler, paths)
        if summary["images"]:
            provenance.write(folder, sampler, writer, paths, model)
            summary = {**(notes or {}), "job": request, **summary}
            write_json(folder / SUMMARY, summary)
            os.replace(folder, output)
    shutil.rmtree(partial)
    if not summary["images"]:
        reasons = ", ".join(f"{n} {why}" for why, n in summary["rejected"].items())
        raise InputError(
            f"No image passed in {gate.max_attempts} attempts a row ({reasons}); ask "
            "for a lower score, or train the generator longer."
        )
    return output / writer.result


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
    if before != request:
        raise InputError(
            f"The folder {output} exists already and holds another set; choose another "
            "output."
        )


def _begin(partial, request):
    """Begins the folder of a job, or checks that it holds parts of this job."""
    try:
        before = output_folder.recorded(partial, JOB, request)
    except ValueError:
        before = None
    if before != request:
        raise InputError(
            f"{partial} holds a part of another job (other weights, images, flags or "
            "seed); repeat the command of that job, delete the folder, or choose "
            "another output."
        )


def _request(generator, sampler, gate, form, part_rows, model):
    """All that determines the set, as JSON."""
    store = hashlib.sha256()
    for column in (sampler.store.labels, sampler.store.sources, sampler.store.kinds):
        store.update(np.asarray(column).tobytes())
    store.update(repr(sampler.store.source_names).encode())
    for content in sampler.store.files.runs():
        store.update(content)
    names = getattr(generator, "sampling_settings", ())
    settings = {name: getattr(generator, name) for name in names}
    request = {
        "model": model,
        "sampling": settings,
        "store": store.hexdigest(),
        "rows": sampler.request(),
        "gate": gate.request(),
        "form": form,
        "part_rows": part_rows,
    }
    # JSON turns tuples into lists, as they are read from a file.
    return json.loads(json.dumps(request))
