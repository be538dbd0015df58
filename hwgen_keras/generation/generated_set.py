"""Generation as a job: in parts, each complete or not there, that can be continued."""

import hashlib
import json
import os
import pathlib
import shutil

import numpy as np
from tqdm import tqdm

from hwgen_keras.errors import InputError
from hwgen_keras.files import StrPath, locked_folder, read_json, write_json, write_text
from hwgen_keras.generation import provenance
from hwgen_keras.generation.formats import FORMATS
from hwgen_keras.generation.gate import Gate, digest_of
from hwgen_keras.generation.pipeline import Pipeline, parts_of
from hwgen_keras.generation.provenance import SUMMARY
from hwgen_keras.generation.sampler import GenerationSampler
from hwgen_keras.models.diffusion import SAMPLING

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

    The set is a folder: `provenance.csv`, a line for each image; `generation.json`,
    what was asked for, and what was rejected of each character; and the images in one
    of the forms

    - "png": `<code point>/<number>.png` and `manifest.json`;
    - "store": `images.store`, and `manifest.json`, which lists what is in it;
    - "tfrecord": `images-<part>-of-<parts>.tfrecord`, see `data.tfrecords`.

    The writer of an image is the hand whose style it has. The same arguments give the
    same set, whatever the batch size and the workers (but for the last bit of a sum,
    which may move a grey by one of its 255 levels). What an interrupted or killed run
    has finished is kept beside, in `<output>.partial`, and not made again.

    Args:
        generator: a built `AdaINGenerator` or `DiffusionGenerator`.
        sampler: a `GenerationSampler`.
        output: the folder to make; it appears when all images are there.
        batch_size: images generated at once.
        progress: whether to show a progress bar.
        form: "png", "store" or "tfrecord".
        gate: a `Gate`; None: one that rejects blank images alone.
        workers: threads that decode and encode images beside the generator; None:
            one a core, four at most.
        part_rows: rows that are made, compared with each other and written together.
            A part has whole characters, unless one has more rows than that.
        notes: optional dict to keep in `generation.json`, as JSON.

    Returns:
        The path of the manifest, of the store, or of the folder of TFRecord files.

    Raises:
        InputError: `output` exists already, an interrupted run with another model,
            other images, flags or seed left its part there, or no image passed.

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
        # A run that was killed at its very end left it.
        shutil.rmtree(partial, ignore_errors=True)
        return output / FORMATS[form].result
    with locked_folder(partial, "The folder"):
        _begin(partial, request)
        growing, noted = partial / "set", partial / "parts"
        growing.mkdir(exist_ok=True)
        noted.mkdir(exist_ok=True)
        parts = parts_of(sampler.counts, part_rows)
        writer = FORMATS[form](sampler, growing, noted, len(parts))
        paths = [noted / f"{number:05d}.json" for number in range(len(parts))]
        missing = [n for n, path in enumerate(paths) if not path.exists()]
        bar = tqdm(
            total=sampler.rows_per_epoch,
            initial=sampler.rows_per_epoch - sum(len(parts[n]) for n in missing),
            unit="image",
            desc="generating",
            disable=not progress,
        )
        with bar:
            pipeline = Pipeline(generator, sampler, gate, batch_size, workers, bar)
            pipeline.run(parts, missing, writer, paths)
        summary = provenance.summary(sampler, paths)
        if summary["images"]:
            provenance.write(growing, sampler, writer, paths, model)
            summary = {**(notes or {}), "job": request, **summary}
            write_json(growing / SUMMARY, summary)
            os.replace(growing, output)
    shutil.rmtree(partial)
    if not summary["images"]:
        reasons = ", ".join(f"{n} {why}" for why, n in summary["rejected"].items())
        raise InputError(
            f"No image passed in {gate.max_attempts} attempts a row ({reasons}); ask "
            "for a lower score, or train the generator longer."
        )
    return output / writer.result


def check_output(output: StrPath) -> pathlib.Path:
    """The path of an output folder that is not there, or a set; or InputError."""
    output = pathlib.Path(output)
    if output.exists() and not (output / SUMMARY).is_file():
        raise InputError(f"The folder {output} exists already; choose another output.")
    return output


def _check_same(output, request):
    """Raises InputError unless the folder is what this request asks for."""
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
    """Begins the folder of a job, or checks that it holds a part of this one."""
    file = partial / JOB
    names = [path.name for path in partial.iterdir()]
    if all(name == ".lock" or name.startswith(".partial-") for name in names):
        write_text(file, json.dumps(request) + "\n")
    try:
        before = read_json(file)
    except InputError:
        before = None
    if before != request:
        raise InputError(
            f"{partial} holds a part of another job (other weights, images, flags or "
            "seed); repeat that one's command, delete the folder, or choose another "
            "output."
        )
    for left in list(partial.rglob(".partial-*")):
        left.unlink()


def _request(generator, sampler, gate, form, part_rows, model):
    """All that decides the set, as JSON."""
    store = hashlib.sha256()
    for column in (sampler.store.labels, sampler.store.sources, sampler.store.kinds):
        store.update(np.asarray(column).tobytes())
    store.update(repr(sampler.store.source_names).encode())
    for piece in sampler.store.pngs.runs():
        store.update(piece)
    settings = {name: getattr(generator, name, None) for name in SAMPLING}
    request = {
        "model": model,
        "sampling": {k: v for k, v in settings.items() if v is not None},
        "store": store.hexdigest(),
        "rows": sampler.request(),
        "gate": gate.request(),
        "form": form,
        "part_rows": part_rows,
    }
    # As it will be read from a file.
    return json.loads(json.dumps(request))
