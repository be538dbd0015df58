"""From a generator to a labelled set of images on disk."""

import pathlib

from hwgen_keras.errors import InputError
from hwgen_keras.files import StrPath
from hwgen_keras.generation.assembly import check_output, write
from hwgen_keras.generation.formats import FORMATS
from hwgen_keras.generation.gate import Gate
from hwgen_keras.generation.pipeline import Pipeline
from hwgen_keras.generation.request import job_of
from hwgen_keras.generation.sampler import GenerationSampler

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
        check_output(output)
    maker = Maker(
        *(generator, sampler, gate or Gate(), form, part_rows, batch_size, threads),
        notes,
    )
    return write(output, maker.job, maker.source, shard, progress)


class Maker:
    """Computes the parts of a set in this process.

    Args:
        generator, sampler, gate, form, part_rows, batch_size, threads, notes: see
            `generate`.

    Attributes:
        job: the `Job`.
    """

    def __init__(
        self, generator, sampler, gate, form, part_rows, batch_size, threads, notes
    ):
        self.job = job_of(generator, sampler, gate, form, part_rows, batch_size, notes)
        self._pipeline = Pipeline(generator, sampler, gate, batch_size, threads)

    def source(self, numbers, update=lambda rows: None):
        """Yields (number, `Part`), see `assemble`."""
        rows = [self.job.parts[number] for number in numbers]
        yield from zip(numbers, self._pipeline.parts(rows, update), strict=True)
