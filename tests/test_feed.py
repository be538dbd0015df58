"""The feeds: which rows they execute, and that both make the same images of them."""

import sys

import keras
import numpy as np
import pytest
from networks import BACKEND
from stores import small_store

from hwgen_keras.characters import StructureTokenizer
from hwgen_keras.data import (
    ClassificationSampler,
    ImageStore,
    PairSampler,
    array_store,
    feed,
)
from hwgen_keras.errors import InputError

# Keras trains on both of them in test_fit, on each backend.
pytestmark = pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")

KINDS = ["tf", "python"]


@pytest.fixture(scope="module")
def store(characters):
    return small_store(characters)


def batches(dataset):
    if isinstance(dataset, keras.utils.PyDataset):
        dataset = [dataset[i] for i in range(len(dataset))]
    return [{name: np.asarray(v) for name, v in batch.items()} for batch in dataset]


def pairs(store, **arguments):
    arguments = {"rows_per_epoch": 7, "style_reference": "writer", **arguments}
    return PairSampler(store, "step_end", **arguments)


def same(first, second):
    assert len(first) == len(second)
    for one, other in zip(first, second, strict=True):
        assert one.keys() == other.keys()
        for name in one:
            np.testing.assert_array_equal(one[name], other[name])
    return True


@pytest.mark.parametrize("kind", KINDS)
def test_batches_are_the_rows_of_the_epochs_in_order(store, characters, kind):
    tokenizer = StructureTokenizer({c: ((c,),) for c in characters})
    sampler = pairs(store, tokenizer=tokenizer)
    dataset = feed(store, sampler, 4, 5, kind=kind)
    assert len(dataset) == 5
    read = batches(dataset)
    names = {"content", "style", "target", "label", "tokens", "drop_condition"}
    for batch in read:
        assert set(batch) == names
        for name in ("content", "style", "target"):
            assert batch[name].shape == (4, 24, 24, 1)
            assert batch[name].dtype == np.float32
            assert -1 <= batch[name].min() < -0.5 and batch[name].max() == 1
    # 20 rows of epochs of 7: the batches cross two borders.
    for name in ("label", "tokens", "drop_condition"):
        rows = np.concatenate([sampler.epoch(epoch)[name] for epoch in range(3)])
        got = np.concatenate([batch[name] for batch in read])
        np.testing.assert_array_equal(got, rows[:20])
        assert got.dtype == rows.dtype


@pytest.mark.parametrize("image_size", [24, 17, 40])
def test_both_feeds_make_the_same_images(store, image_size):
    # From below 1 to above it, turned, sheared and cut by the border.
    sampler = pairs(store, image_size=image_size)
    for one, other in zip(
        *(batches(feed(store, sampler, 16, 3, kind=kind)) for kind in KINDS),
        strict=True,
    ):
        assert one["content"].shape == (16, image_size, image_size, 1)
        for name in one:
            difference = abs(one[name].astype(float) - other[name])
            assert difference.max() < 1 / 127.5


@pytest.mark.parametrize("kind", KINDS)
def test_the_image_of_a_row_sits_within_its_margins(characters, kind):
    black = np.zeros((1, 60, 60), np.uint8)
    store = array_store(black, [0], 0, 1, ["writer"], characters)
    sampler = ClassificationSampler(store, image_size=64)
    (batch,) = batches(feed(store, sampler, 1, 1, kind=kind))
    image = batch["image"][0, ..., 0]
    # A margin of 20 / 256 of 64 pixels is 5 pixels.
    assert (image[:5] == 1).all() and (image[:, :5] == 1).all()
    assert (image[-5:] == 1).all() and (image[:, -5:] == 1).all()
    assert (image[6:-6, 6:-6] == -1).all()
    np.testing.assert_allclose(image, image[::-1, ::-1], atol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_an_upright_image_is_seen_upright(characters, kind):
    image = np.full((1, 64, 64), 255, np.uint8)
    image[0, :16, :32] = 0  # ink at the upper left
    store = array_store(image, [0], 0, 1, ["writer"], characters)
    (batch,) = batches(feed(store, ClassificationSampler(store), 1, 1, kind=kind))
    ink = batch["image"][0, ..., 0] < 0
    rows, columns = np.nonzero(ink)
    assert rows.max() < 20 and columns.max() < 34
    assert rows.min() in (4, 5, 6) and columns.min() in (4, 5, 6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("start", [1, 2, 5])
def test_a_resumed_feed_continues_the_same_batches(store, kind, start):
    whole = batches(feed(store, pairs(store), 3, 8, kind=kind))
    rest = feed(store, pairs(store), 3, 8 - start, start_step=start, kind=kind)
    assert same(batches(rest), whole[start:])


def test_a_resumed_feed_augments_the_same_way(store):
    def sampler():
        return ClassificationSampler(store, affine_strength=1.0, elastic=True)

    augment = ("gridmask", "cutout")
    whole = batches(feed(store, sampler(), 8, 6, augment=augment))
    rest = feed(store, sampler(), 8, 3, start_step=3, augment=augment)
    assert same(batches(rest), whole[3:])
    assert same(batches(feed(store, sampler(), 8, 6, augment=augment)), whole)


@pytest.mark.parametrize("kind", KINDS)
def test_hosts_share_the_rows(store, kind):
    whole = batches(feed(store, pairs(store), 6, 4, start_step=1, kind=kind))
    hosts = [
        batches(
            feed(store, pairs(store), 2, 4, start_step=1, kind=kind, shard=(host, 3))
        )
        for host in range(3)
    ]
    together = [
        {name: np.concatenate([batch[name] for batch in parts]) for name in parts[0]}
        for parts in zip(*hosts, strict=True)
    ]
    assert same(together, whole)


@pytest.mark.parametrize("kind", KINDS)
def test_files_and_memory_are_read_as_one(store, characters, tmp_path, kind):
    # Two mapped files and a block of memory, with images left out.
    for name in ("one", "two"):
        store.save(tmp_path / f"{name}.store")
    parts = [ImageStore.open(tmp_path / f"{name}.store") for name in ("one", "two")]
    mixed = ImageStore.merge([parts[0].select([3, 1, 2]), store, parts[1]])
    copied = ImageStore(
        [mixed.png(i) for i in range(len(mixed))],
        *(mixed.labels, mixed.sources, mixed.kinds),
        *(mixed.source_names, characters, 24),
    )
    assert len(mixed.pngs.blocks) == 3
    assert same(
        batches(feed(mixed, ClassificationSampler(mixed), 21, 3, kind=kind)),
        batches(feed(copied, ClassificationSampler(copied), 21, 3, kind=kind)),
    )


def test_a_mapped_file_is_not_copied(store, tmp_path):
    from hwgen_keras.data.feed_tensorflow import _shared_tensor

    store.save(tmp_path / "images.store")
    (block,) = ImageStore.open(tmp_path / "images.store").pngs.blocks
    tensor = _shared_tensor(block)
    address = np.frombuffer(memoryview(tensor), np.uint8).ctypes.data
    assert address == block.ctypes.data
    np.testing.assert_array_equal(tensor, block)


@pytest.mark.parametrize("kind", KINDS)
def test_images_can_be_chosen(store, kind):
    dataset = feed(store, pairs(store), 4, 2, images=("content",), kind=kind)
    for batch in batches(dataset):
        assert set(batch) == {"content", "label", "drop_condition"}


@pytest.mark.parametrize("kind", KINDS)
def test_the_target_is_the_style_image(store, kind):
    sampler = pairs(store, style_reference="target")
    both = batches(feed(store, sampler, 4, 2, kind=kind))
    target = feed(store, sampler, 4, 2, images=("target",), kind=kind)
    for one, other in zip(both, batches(target), strict=True):
        np.testing.assert_array_equal(one["style"], one["target"])
        np.testing.assert_array_equal(other["target"], one["target"])
        assert (one["content"] != one["style"]).any()


@pytest.mark.parametrize("kind", KINDS)
def test_outputs_as_names_and_as_a_function(store, kind):
    sampler = ClassificationSampler(store)
    arguments = store, sampler, 4, 1
    ((image, label),) = list(feed(*arguments, outputs=("image", "label"), kind=kind))
    (batch,) = batches(feed(*arguments, kind=kind))
    np.testing.assert_array_equal(image, batch["image"])
    np.testing.assert_array_equal(label, batch["label"])
    ((number, (same_label,)),) = list(
        feed(*arguments, outputs=lambda b: (b["seed"] + 1, (b["label"],)), kind=kind)
    )
    np.testing.assert_array_equal(number, batch["seed"] + 1)
    np.testing.assert_array_equal(same_label, batch["label"])


def test_rows_marked_as_elastic_are_bent_and_no_others(store):
    plain = ClassificationSampler(store, rows_per_epoch=40)
    marked = ClassificationSampler(store, rows_per_epoch=40, elastic=True)
    (one,) = batches(feed(store, plain, 40, 1))
    (other,) = batches(feed(store, marked, 40, 1))
    np.testing.assert_array_equal(one["label"], other["label"])
    changed = (one["image"] != other["image"]).any((1, 2, 3))
    np.testing.assert_array_equal(changed, other["elastic"])
    assert 0 < changed.sum() < 40
    (every,) = batches(feed(store, plain, 40, 1, augment=("affine", "elastic")))
    assert (every["image"] != one["image"]).any((1, 2, 3)).all()
    np.testing.assert_array_equal(every["image"][changed], other["image"][changed])


def test_both_images_of_a_row_are_augmented_alike(store):
    class Twice:
        """Rows whose image is there twice."""

        def __init__(self):
            self.sampler = ClassificationSampler(store)
            self.store, self.aliases = store, {}
            self.rows_per_epoch, self.image_size = 30, 24

        def epoch(self, epoch):
            table = self.sampler.epoch(epoch)
            table["twin"] = table["image"]
            table["twin_affine"] = table["image_affine"]
            return table

    (batch,) = batches(feed(store, Twice(), 8, 1, augment=("elastic", "cutout")))
    np.testing.assert_array_equal(batch["image"], batch["twin"])


def test_the_python_feed_refuses_to_be_shuffled(store):
    dataset = feed(store, ClassificationSampler(store), 1, 25, kind="python")
    order = [0, 1, 3]
    with pytest.raises(InputError, match="pass shuffle=False to fit"):
        for step in order:
            dataset[step]
    assert dataset[0].keys() == dataset.batch(7).keys()
    for step in (-1, 25):
        with pytest.raises(IndexError):
            dataset.batch(step)


def test_without_tensorflow_the_feed_is_a_pydataset(store, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "tensorflow", None)
        sampler = ClassificationSampler(store, affine_strength=1.0)
        dataset = feed(store, sampler, 4, 2, augment=("affine",))
        assert isinstance(dataset, keras.utils.PyDataset)
        with pytest.raises(InputError, match="TensorFlow is not installed"):
            feed(store, sampler, 4, 2, kind="tf")
        for augment, elastic in ((["cutout"], False), ((), True)):
            sampler = ClassificationSampler(store, elastic=elastic)
            with pytest.raises(InputError, match="needs TensorFlow"):
                feed(store, sampler, 4, 2, augment=augment)
    assert len(batches(dataset)) == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"batch_size": 0}, "batch_size is 0; give"),
        ({"steps": 0}, "steps is 0; give"),
        ({"start_step": -1}, "start_step is -1; give"),
        ({"shard": (2, 2)}, r"shard is \(2, 2\)"),
        ({"shard": (-1, 2)}, r"shard is \(-1, 2\)"),
        ({"kind": "torch"}, "kind is 'torch'"),
        ({"images": ("content", "label")}, "no image label; they have content, style"),
        ({"augment": ("blur",)}, "no augmentation 'blur'"),
        ({"augment": ("cutout",)}, "no seed for cutout"),
    ],
)
def test_arguments_that_cannot_be(store, arguments, told):
    with pytest.raises(InputError, match=told):
        feed(store, pairs(store), **{"batch_size": 4, "steps": 2, **arguments})


def test_the_store_must_be_the_samplers(store, characters):
    with pytest.raises(InputError, match="not the one that the sampler"):
        feed(small_store(characters), pairs(store), 4, 2)
