"""Generated sets in the hands of the libraries that they are made for."""

import csv
import gc
import io
import json
import pathlib
import sys
import tarfile
import warnings

import numpy as np
import pytest
from networks import BACKEND
from page_commands import blocks
from PIL import Image
from scribe import CHARACTERS, Scribe, write
from stores import small_store
from vision import import_torchvision

from hwgen_keras import inputs
from hwgen_keras.characters import CharacterSet
from hwgen_keras.data import HANDWRITING, read_manifest
from hwgen_keras.data.samples import read_sample
from hwgen_keras.errors import InputError
from hwgen_keras.generation import GenerationSampler, formats, generate
from hwgen_keras.inputs.settings import Images

# The libraries do not depend on the backend.
pytestmark = pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")

PAGE = pathlib.Path(__file__).parent.parent / "docs/how-to/generation.md"
CODE = {
    library: code
    for code in blocks(PAGE.read_text("utf-8"), "python")
    for library in (
        *("imagefolder", "keras.utils", "torchvision", "webdataset", "parquet"),
        *("tensorflow", "PenWriter"),
    )
    if library in code
}
FORMS = tuple(formats.FORMATS)
SHARDS = FORMS[2:]
# Of Scribe's set: three images of each character, in the order of the characters.
SHOWN = [c for c in CHARACTERS for _ in range(3)]


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    """A folder with a set in each form, called as its form."""
    folder = tmp_path_factory.mktemp("sets")
    for form in FORMS:
        write(folder / form, form=form)
    return folder


@pytest.fixture(scope="module")
def pngs(sets):
    """The PNG files of the set, in order."""
    with open(sets / "png" / "metadata.csv", encoding="utf-8", newline="") as file:
        return [
            (sets / "png" / r["file_name"]).read_bytes() for r in csv.DictReader(file)
        ]


@pytest.fixture
def run(sets, tmp_path, monkeypatch):
    """A function, (library, form of the set) → the names that the page's code makes."""

    def run(library, form):
        (tmp_path / "generated").symlink_to(sets / form)
        monkeypatch.chdir(tmp_path)
        names = {}
        code = CODE[library].replace("(48, 48)", "(24, 24)")
        exec(compile(code, "generation.md", "exec"), names)
        return names

    return run


@pytest.fixture
def datasets(tmp_path, monkeypatch):
    """Hugging Face's library, which keeps its files here and asks no server."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", str(tmp_path / "cache"))
    datasets.disable_progress_bars()
    yield datasets
    with warnings.catch_warnings():
        # It leaves metadata.csv open.
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def greys(png):
    with Image.open(io.BytesIO(png)) as image:
        return np.array(image)


def test_datasets_reads_png_files(run, datasets, pngs):
    images = run("imagefolder", "png")["images"]
    assert images.column_names == ["image", "character", "writer", "label"]
    assert list(images["character"]) == SHOWN
    assert [CHARACTERS[label] for label in images["label"]] == SHOWN
    assert set(images["writer"]) == {"writer-0", "writer-1"}
    for row, png in zip(images, pngs, strict=True):
        np.testing.assert_array_equal(np.array(row["image"]), greys(png))


def test_keras_reads_png_files(run, pngs):
    names = run("keras.utils", "png")
    assert names["characters"] == list(CHARACTERS)  # in the order of code points
    batch, labels = next(iter(names["images"]))
    found = sorted(
        (int(label), image[..., 0].numpy().tobytes())
        for image, label in zip(batch, labels, strict=True)
    )
    expected = [
        (CHARACTERS.index(c), greys(png).astype("float32").tobytes())
        for c, png in zip(SHOWN, pngs, strict=True)
    ]
    assert batch.shape == (18, 24, 24, 1) and found == sorted(expected)


def test_torchvision_reads_png_files(run, pngs):
    import_torchvision()
    names = run("torchvision", "png")
    assert names["characters"] == list(CHARACTERS)
    assert [names["characters"][label] for _, label in names["images"]] == SHOWN
    for (image, _), png in zip(names["images"], pngs, strict=True):
        np.testing.assert_array_equal(np.array(image)[..., 0], greys(png))


@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_webdataset_reads_its_shards(run, pngs):
    pytest.importorskip("webdataset")
    examples = list(run("webdataset", "webdataset")["images"])
    assert [about["character"] for _, _, about in examples] == SHOWN
    assert [CHARACTERS[label] for _, label, _ in examples] == SHOWN
    assert [about["row"] for _, _, about in examples] == list(range(18))
    for (image, _, _), png in zip(examples, pngs, strict=True):
        np.testing.assert_array_equal(np.array(image), greys(png))


def test_datasets_reads_parquet_files(run, datasets, pngs):
    images = run("parquet", "parquet")["images"]
    assert images.column_names == ["image", "character", "writer", "label", "row"]
    assert isinstance(images.features["image"], datasets.Image)
    assert images.features["label"].names == list(CHARACTERS)
    assert [CHARACTERS[label] for label in images["label"]] == SHOWN
    assert list(images["character"]) == SHOWN
    for row, png in zip(images, pngs, strict=True):
        np.testing.assert_array_equal(np.array(row["image"]), greys(png))


def test_datasets_reads_tar_files(datasets, sets, pngs):
    files = str(sets / "webdataset" / "*.tar")
    images = datasets.load_dataset("webdataset", data_files=files, split="train")
    assert [about["character"] for about in images["json"]] == SHOWN
    np.testing.assert_array_equal(np.array(images[5]["png"]), greys(pngs[5]))


def test_tensorflow_reads_its_records(run):
    records = list(run("tensorflow", "tfrecord")["images"])
    assert [record["character"].numpy().decode() for record in records] == SHOWN


def test_the_code_of_the_page_is_run(run):
    assert len(CODE) == len(blocks(PAGE.read_text("utf-8"), "python"))
    assert run("PenWriter", "png")["image"].shape == (64, 64)


@pytest.mark.parametrize("form", FORMS)
def test_the_project_reads_every_form(form, sets, pngs):
    settings = Images(image_size=24, characters="kana", cache="")
    characters = inputs.load_characters(settings)
    samples = inputs.load_samples(settings, str(sets / form), characters)
    assert [sample.character for sample in samples] == SHOWN
    assert {sample.writer for sample in samples} == {"writer-0", "writer-1"}
    for sample, png in zip(samples, pngs, strict=True):
        np.testing.assert_array_equal(read_sample(sample), greys(png))
    store = inputs.load_images(settings, str(sets / form), characters, HANDWRITING)
    assert store.decode(range(18)).shape == (18, 24, 24)
    if form in SHARDS:
        file = next((sets / form).glob("images-00000-*"))
        listed = inputs.load_samples(settings, str(file), characters)
        assert listed == samples[: len(listed)] and listed[0].index == 0


class TestShards:
    @pytest.mark.parametrize("form", ["webdataset", "parquet"])
    def test_do_not_grow_beyond_their_limit(self, form, tmp_path, pngs, monkeypatch):
        monkeypatch.setattr(formats.Sharded, "SHARD_BYTES", 8_000)
        write(tmp_path / "set", form=form)
        files = sorted((tmp_path / "set").glob("images-*"))
        assert len(files) > 1
        ending = files[0].suffix
        assert [file.name for file in files] == [
            f"images-{n:05d}-of-{len(files):05d}{ending}" for n in range(len(files))
        ]
        # Tar files have an end of up to 20 blocks, and Parquet files a schema.
        assert all(file.stat().st_size < 8_000 + 20 * 512 for file in files)
        samples = read_manifest(tmp_path / "set" / "manifest.json")
        assert [greys(png).tolist() for png in pngs] == [
            read_sample(sample).tolist() for sample in samples
        ]
        with open(tmp_path / "set" / "provenance.csv", encoding="utf-8") as file:
            paths = [row["path"] for row in csv.DictReader(file)]
        assert paths == [sample.name.split("set/")[1] for sample in samples]

    def test_of_one_image_each(self, tmp_path, monkeypatch):
        monkeypatch.setattr(formats.Sharded, "SHARD_BYTES", 1)
        write(tmp_path / "set", form="webdataset")
        assert len(list((tmp_path / "set").glob("*.tar"))) == 18

    def test_name_no_time_and_no_user(self, sets):
        (file,) = (sets / "webdataset").glob("*.tar")
        with tarfile.open(file) as archive:
            members = archive.getmembers()
        assert {(m.mtime, m.uid, m.uname, m.mode) for m in members} == {
            (0, 0, "", 0o644)
        }
        assert [m.name for m in members] == sorted(m.name for m in members)


@pytest.fixture(scope="module")
def odd(tmp_path_factory):
    """A set of characters that are no names of folders everywhere."""
    folder = tmp_path_factory.mktemp("odd") / "set"
    characters = CharacterSet("odd", ["/", ".", "a", "A", "が", "𠮟", '"', ","])
    sampler = GenerationSampler(small_store(characters, size=32), 2)
    generate(Scribe(), sampler, folder, progress=False)
    return folder


class TestFolders:
    def test_their_names_differ_in_digits_alone(self, odd):
        names = sorted(path.name for path in odd.iterdir() if path.is_dir())
        assert names == [f"{ord(c):05x}" for c in sorted('/.aAが𠮟",')]

    def test_each_library_finds_their_labels(self, odd, datasets):
        import_torchvision()
        from torchvision.datasets import ImageFolder

        classes = [chr(int(name, 16)) for name in ImageFolder(odd).classes]
        assert classes == sorted('/.aAが𠮟",')
        images = datasets.load_dataset("imagefolder", data_dir=str(odd), split="train")
        assert list(images["character"])[::2] == list('/.aAが𠮟",')

    def test_of_digits_stay_text(self, tmp_path, datasets):
        characters = CharacterSet("digits", "0123")
        sampler = GenerationSampler(small_store(characters), 2)
        generate(Scribe(), sampler, tmp_path / "set", progress=False)
        value = datasets.Value
        features = {"image": datasets.Image(), "character": value("string")}
        features |= {"writer": value("string"), "label": value("int64")}
        images = datasets.load_dataset(
            "imagefolder",
            data_dir=str(tmp_path / "set"),
            features=datasets.Features(features),
            split="train",
        )
        assert list(images["character"]) == list("00112233")

    def test_without_an_image_are_not_left(self, tmp_path, monkeypatch):
        """A killed run may have written an image that the next rejects."""
        original = formats.PngTree.write

        def write_more(self, number, rows, images):
            (self.folder / "0304a").mkdir(exist_ok=True)
            original(self, number, rows, images)

        monkeypatch.setattr(formats.PngTree, "write", write_more)
        write(tmp_path / "set")
        assert not (tmp_path / "set" / "0304a").exists()


def _tar(path, files):
    with tarfile.open(path, "w") as archive:
        for name, content in files.items():
            header = tarfile.TarInfo(name)
            header.size = len(content)
            archive.addfile(header, io.BytesIO(content))


def _table(path, **columns):
    pytest.importorskip("pyarrow").parquet.write_table(
        pytest.importorskip("pyarrow").table(columns), path
    )


ABOUT = json.dumps({"character": "あ", "writer": "Hanako"}).encode()


@pytest.mark.parametrize(
    ("ending", "make", "message"),
    [
        ("tar", lambda p, png: p.write_bytes(b"no tar" * 200), "loaded as a tar file"),
        ("tar", lambda p, png: _tar(p, {}), "has no image; give a file that has"),
        ("tar", lambda p, png: _tar(p, {"1.png": png}), "1 has no .png, or no .json"),
        (
            "tar",
            lambda p, png: _tar(p, {"1.png": png, "1.json": b"[1]"}),
            "1 has no .png, or no .json with its character",
        ),
        (
            "tar",
            lambda p, png: _tar(p, {"1.png": b"jpg", "1.json": ABOUT}),
            "image 0 is no PNG file",
        ),
        (
            "tar",
            lambda p, png: _tar(p, {"1.png": png, "1.json": b'{"character": 1}'}),
            "the writer of image 0 is no text",
        ),
        ("parquet", lambda p, png: p.write_bytes(b"PAR1"), "loaded as a Parquet file"),
        ("parquet", lambda p, png: _table(p, image=[png]), "has no column character"),
        (
            "parquet",
            lambda p, png: _table(p, image=[None], character=["あ"], writer=[""]),
            "image 0 is no PNG file",
        ),
        ("tfrecord", lambda p, png: p.write_bytes(b"a" * 40), "loaded as a TFRecord"),
    ],
)
def test_what_is_no_shard_is_reported(ending, make, message, tmp_path, pngs):
    file = tmp_path / f"images.{ending}"
    make(file, pngs[0])
    settings = Images(image_size=24, characters="kana", cache="")
    characters = inputs.load_characters(settings)
    with pytest.raises(InputError, match=message) as caught:
        inputs.load_samples(settings, str(file), characters)
    assert str(file) in str(caught.value)


def test_tables_of_others_are_read(tmp_path, pngs):
    """With the bytes alone as the image, and writers that are not known."""
    file = tmp_path / "images.parquet"
    _table(file, image=pngs[:2], character=["あ", "い"], writer=["Hanako", None])
    settings = Images(image_size=24, characters="kana", cache="")
    characters = inputs.load_characters(settings)
    samples = inputs.load_samples(settings, str(file), characters)
    assert [(s.character, s.writer) for s in samples] == [("あ", "Hanako"), ("い", "")]


def test_parquet_needs_pyarrow(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InputError, match=r"pip install 'hwgen_keras\[parquet\]'"):
        write(tmp_path / "set", form="parquet")
    assert not (tmp_path / "set").exists()
