"""Shards of a set: merged, their files are those of one process."""

import json
import shutil

import pytest
from scribe import Scribe, write
from test_generation import files_of

from hwgen_keras.data import read_manifest
from hwgen_keras.errors import InputError
from hwgen_keras.generation import Gate, assembly, formats, merge_shards
from hwgen_keras.generation import request as requests

pytestmark = pytest.mark.backend_free


def shard(tmp_path, index, count=2, **arguments):
    return write(tmp_path / "set", shard=(index, count), **arguments)


def merge(tmp_path, *paths):
    paths = paths or [tmp_path / "set.shards"]
    return merge_shards(paths, tmp_path / "set", progress=False)


def one_sentence(error):
    text = str(error.value)
    return text.endswith(".") and "\n" not in text and not text.count(". ")


@pytest.mark.parametrize("form", formats.FORMATS)
def test_merged_shards_are_what_one_process_writes(form, tmp_path):
    arguments = {"form": form, "notes": {"flags": {"count": 3}}}
    write(tmp_path / "whole", **arguments)
    folders = [shard(tmp_path, index, **arguments) for index in (1, 0)]
    assert [folder.name for folder in folders] == ["1-of-2", "0-of-2"]
    assert not (tmp_path / "set").exists()
    path = merge(tmp_path)
    assert path == tmp_path / "set" / formats.FORMATS[form].result
    assert files_of(tmp_path / "set") == files_of(tmp_path / "whole")
    assert not (tmp_path / "set.partial").exists()
    # Once more, also by what computes: all is there.
    generator = Scribe()
    assert merge(tmp_path) == write(tmp_path / "set", generator, **arguments) == path
    assert not generator.sizes


def test_rejected_images_are_counted_once(tmp_path):
    arguments = {"gate": Gate(reject_duplicates=True, max_attempts=2), "count": 6}
    write(tmp_path / "whole", Scribe(("content",)), **arguments)
    for index in range(3):
        write(
            *(tmp_path / "set", Scribe(("content",))),
            shard=(index, 3),
            **arguments,
        )
    merge(tmp_path)
    assert files_of(tmp_path / "set") == files_of(tmp_path / "whole")
    text = (tmp_path / "set" / "generation.json").read_text("utf-8")
    assert json.loads(text)["rejected"]["duplicate"] > 0


def test_more_shards_than_parts(tmp_path):
    for index in range(5):
        shard(tmp_path, index, 5)
    assert len(read_manifest(merge(tmp_path))) == 18
    assert not list((tmp_path / "set.shards" / "4-of-5").glob("*.npz"))


def test_a_shard_and_a_merge_resume(tmp_path, monkeypatch):
    class Breaks(Scribe):
        def predict_on_batch(self, inputs):
            if len(self.sizes) == 3:
                raise KeyboardInterrupt
            return super().predict_on_batch(inputs)

    with pytest.raises(KeyboardInterrupt):
        shard(tmp_path, 0, generator=Breaks())
    shard(tmp_path, 1)
    partial = tmp_path / "set.shards" / "0-of-2.partial"
    assert sorted(p.name for p in partial.glob("*.npz")) == ["00000.npz"]
    with pytest.raises(InputError, match="0-of-2.partial is not finished") as error:
        merge(tmp_path)
    assert one_sentence(error)
    with pytest.raises(InputError, match="another job .batch_size 4, not 5.; repeat"):
        shard(tmp_path, 0, batch_size=5)
    generator = Scribe()
    shard(tmp_path, 0, generator=generator)
    assert len(generator.sizes) == 2 and not partial.exists()
    again = Scribe()
    shard(tmp_path, 0, generator=again)
    assert not again.sizes

    write_text, written = assembly.write_text, []

    def breaks(path, text):
        if written:
            raise KeyboardInterrupt
        written.append(write_text(path, text))

    monkeypatch.setattr(assembly, "write_text", breaks)
    with pytest.raises(KeyboardInterrupt):
        merge(tmp_path)
    assert not (tmp_path / "set").exists()
    monkeypatch.setattr(assembly, "write_text", write_text)
    merge(tmp_path)
    write(tmp_path / "whole")
    assert files_of(tmp_path / "set") == files_of(tmp_path / "whole")


def test_what_begun_in_one_process_ends_by_a_merge(tmp_path):
    """Whatever computes a part, it is the same."""
    shard(tmp_path, 0)
    shard(tmp_path, 1)
    partial = tmp_path / "set.partial"
    partial.mkdir()
    shutil.copy(tmp_path / "set.shards" / "0-of-2" / "job.json", partial)
    merge(tmp_path)
    assert not partial.exists()


def test_what_cannot_be_merged_is_named(tmp_path, monkeypatch):
    first = shard(tmp_path, 0, 3)
    third = shard(tmp_path, 2, 3)

    def refused(message, *paths):
        with pytest.raises(InputError, match=message) as error:
            merge(tmp_path, *paths)
        assert one_sentence(error)
        assert not (tmp_path / "set").exists()

    refused(r"Shards are missing: 1-of-3; compute each .*--shard=1/3")
    copy = tmp_path / "elsewhere" / "2-of-3"
    shutil.copytree(third, copy)
    refused(
        "elsewhere/2-of-3 and .*set.shards/2-of-3 are the same shard",
        tmp_path / "set.shards",
        copy,
    )
    refused("none is no shard and holds none", tmp_path / "none")
    other = write(tmp_path / "other", shard=(1, 3), count=4)
    refused(
        "1-of-3 is a shard of another set than .*0-of-3 .count 3, not 4|count 4, not 3",
        first,
        other,
        third,
    )
    two = write(tmp_path / "two", shard=(1, 2))
    refused("of 2 shards, not 3.; leave one", first, two)
    with monkeypatch.context() as patch:
        patch.setattr(requests.keras, "__version__", "9.9")
        newer = write(tmp_path / "newer", shard=(1, 3))
    refused("another set .*version of keras 9.9, not ", first, newer, third)
    second = shard(tmp_path, 1, 3)
    damaged = second / "00001.npz"
    damaged.write_bytes(damaged.read_bytes()[:-200])
    refused("1-of-3/00001.npz cannot be read .*; delete its shard")
    damaged.unlink()
    refused("1-of-3/00001.npz cannot be read .*; delete its shard")
    (third / "job.json").write_text('{"request": 1}')
    refused("2-of-3 is no shard that this version reads")


@pytest.mark.parametrize("index", [-1, 2])
def test_a_shard_that_there_is_not(tmp_path, index):
    with pytest.raises(InputError, match=f"The shard is {index} of 2; give one from 0"):
        shard(tmp_path, index)


@pytest.mark.parametrize(
    ("module", "name", "value", "words"),
    [
        ("keras", "__version__", "9.9", "version of keras .*, not 9.9"),
        ("PIL", "__version__", "9.9", "version of PIL .*, not 9.9"),
        ("backend", "device_kind", lambda: "NVIDIA H200", "processor cpu .*, not NVID"),
    ],
)
def test_another_machine_does_not_resume(
    tmp_path, monkeypatch, module, name, value, words
):
    shard(tmp_path, 0, 1)
    monkeypatch.setattr(getattr(requests, module), name, value)
    with pytest.raises(InputError, match=f"another job .{words}.*repeat") as error:
        shard(tmp_path, 0, 1)
    assert one_sentence(error)
