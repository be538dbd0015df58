"""The settings of generate, which workers on other machines get, too."""

import dataclasses

from hwgen_keras import cluster
from hwgen_keras.errors import InputError
from hwgen_keras.generation.settings import WritingSettings
from hwgen_keras.inputs.settings import LabelledImages, Structures
from hwgen_keras.settings import NOTHING, Output, Seed, setting
from hwgen_keras.training.settings import trained


@dataclasses.dataclass(frozen=True, kw_only=True)
class Settings(
    *(LabelledImages, Structures, WritingSettings, Seed, cluster.Engine, Output)
):
    """Settings of the generation of a set."""

    DEFAULTS = {None: {"image_size": 64}}
    generator_weights: str | None = trained("generator", "generator.keras")
    batch_size: int = setting(64, "Images that are written at once.", above=0)
    count: int = setting(20, "Images to generate of a character.", above=0)
    counts: str | None = setting(
        None,
        "JSON file {character: images} in place of --count; no other character is "
        "written.",
    )
    format: str = setting(
        "png",
        "Files of the images: a PNG file each, one packed store, or files of many for "
        "TensorFlow, WebDataset, or Hugging Face's datasets (parquet).",
        choices=("png", "store", "tfrecord", "webdataset", "parquet"),
    )
    threads: int | None = setting(
        None,
        "Threads that decode and encode images for the generator; default: one a "
        "core, four at most.",
        changes=NOTHING,
        above=0,
    )
    part_rows: int = setting(
        1024,
        "Images that are generated, compared and written together; a kill can cost "
        "as many.",
        above=0,
    )
    shard: str | None = setting(
        None,
        "I/N: compute every N-th part alone, from part I on, into "
        "<output>.shards/I-of-N; I is 0 to N-1.",
        changes=NOTHING,
    )
    merge: tuple[str, ...] = setting(
        (),
        "Folders of finished shards, or folders that hold them, joined by commas: "
        "join them into --output, whose files are those of one run.",
        changes=NOTHING,
        separator=",",
    )

    @property
    def part_of_all(self):
        """(index, number of shards) of --shard; None without."""
        if self.shard is None:
            return None
        index, slash, count = self.shard.partition("/")
        if not (slash and _is_number(index) and _is_number(count)):
            raise InputError(
                f"--shard={self.shard}: give I/N with whole numbers, such as 0/8."
            )
        if int(index) >= int(count):
            raise InputError(
                f"--shard={self.shard}: the first of {int(count)} shards is 0, the "
                f"last {int(count) - 1}; give one of them."
            )
        return int(index), int(count)

    def check(self):
        super().check()
        others = sorted(self.given - {"merge", "output"})
        if self.merge and others:
            raise InputError(
                f"--merge takes all from the shards, so --{others[0]} has no effect; "
                "leave it out."
            )
        if not self.merge and self.generator_weights is None:
            raise InputError(
                "--generator_weights is needed: a trained generator, or --merge for "
                "finished shards."
            )
        _ = self.part_of_all


def _is_number(text):
    return text.isascii() and text.isdigit()
