"""What recognisers read, and the script that compares them."""

import numpy as np
import pytest
from networks import generator

from experiments import evaluate_classifier
from hwgen_keras.data import FONT, ImageStore, simulated_store
from hwgen_keras.errors import InputError
from hwgen_keras.evaluation import Readings
from hwgen_keras.generation import GenerationSampler, write_rows
from hwgen_keras.models import Classifier, ImageEncoder


@pytest.fixture
def reader(characters):
    network = Classifier(ImageEncoder(widths=(8, 16)), len(characters))
    network.build()
    return network


def test_a_store_is_read_as_its_images_are(reader, characters):
    store = simulated_store([1, 2], characters, 32, progress=False)
    placed = Readings.of_store(reader, store)
    assert placed.images.shape == (12, 32, 32) and placed.features.shape[0] == 12
    assert list(placed.writers[::6]) == ["pen-0001", "pen-0002"]
    # The greys that are kept are those that were read, but for their rounding.
    again = Readings.of_images(reader, placed.images, store.labels)
    np.testing.assert_allclose(again.scores, placed.scores, atol=1e-2)
    np.testing.assert_array_equal(again.images, placed.images)
    raw = Readings.of_store(reader, store, place=False)
    np.testing.assert_array_equal(raw.images, store.decode(np.arange(12)))
    assert not np.allclose(raw.scores, placed.scores, atol=1e-2)


def test_the_surest_and_least_sure_rows():
    scores = np.log([[0.7, 0.3], [0.4, 0.6], [0.1, 0.9], [0.7, 0.3]])
    images = np.arange(4, dtype="uint8")[:, None, None]
    readings = Readings(images, np.array([0, 0, 1, 0]), scores)
    lowest, highest = readings.order(3)
    assert lowest.tolist() == [1, 0, 3] and highest.tolist() == [2, 0, 3]
    np.testing.assert_allclose(np.exp(readings.log_probabilities)[:2], [0.7, 0.4])
    assert readings.predicted.tolist() == [0, 1, 1, 0]
    assert readings.accuracy()["top1"] == 0.75
    part = readings.select(np.array([True, False, True, False]))
    assert part.images.ravel().tolist() == [0, 2] and part.features is None
    both = Readings.join([part, readings])
    assert both.labels.tolist() == [0, 1, 0, 0, 1, 0]


def test_all_rows_of_a_sampler_are_written_once(characters):
    network = generator(multipliers=(1,))
    network.build()
    glyphs, hands = (
        simulated_store(seeds, characters, 32, progress=False)
        for seeds in ([1], [2, 3])
    )
    store = ImageStore.merge([glyphs.as_kind(FONT), hands])
    sampler = GenerationSampler(store, count=3)
    images, table = write_rows(network, sampler, batch_size=4)
    assert images.dtype == np.uint8 and len(images) == sampler.rows_per_epoch
    for name, column in sampler.epoch(0).items():
        np.testing.assert_array_equal(table[name], column)
    other, _ = write_rows(network, sampler, batch_size=64)
    assert np.abs(images.astype(int) - other).max() <= 1


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"test": None}, "--test is needed"),
        ({"arm": []}, "--arm is needed"),
        ({"arm": ["etl"]}, "--arm=etl: write it as NAME=PATH"),
        ({"arm": ["etl="]}, "--arm=etl=: write it as NAME=PATH"),
        ({"output": "."}, "--output: . exists already; choose another name"),
    ],
)
def test_mistakes_of_an_evaluation_get_one_sentence(tmp_path, values, message):
    given = {"test": "x", "arm": ["a=b"], "output": str(tmp_path / "new"), **values}
    with pytest.raises(InputError, match=message):
        evaluate_classifier.Settings(**given)
