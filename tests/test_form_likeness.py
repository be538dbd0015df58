"""Whether images have the forms of their hand, on cases whose answers are known."""

import numpy as np
import pytest

import hwgen_keras as hw
from hwgen_keras.errors import InputError
from hwgen_keras.evaluation import form_likeness

pytestmark = pytest.mark.backend_free

HANDS, CHARACTERS = 4, "永言道国語書あめ"


@pytest.fixture(scope="module")
def written():
    """A function, (seeds of hands, sample) → (images, names of hands, labels)."""

    def write(seeds, sample=0, names=None):
        pens = [hw.PenWriter(seed=seed) for seed in seeds]
        images = [
            pen.draw(character, 64, sample) for pen in pens for character in CHARACTERS
        ]
        names = [f"hand {k}" for k in range(len(pens))] if names is None else names
        labels = np.tile(np.arange(len(CHARACTERS)), len(pens))
        return np.stack(images), np.repeat(names, len(CHARACTERS)), labels

    return write


def test_images_are_nearest_to_themselves(written):
    real = written(range(HANDS))
    found = form_likeness(real, real)
    count = HANDS * len(CHARACTERS)
    assert found == {
        "accuracy": 1,
        "chance": 1 / HANDS,
        "found": HANDS,
        "hands": HANDS,
        "images": count,
    }


def test_other_samples_of_the_hands_are_near(written):
    found = form_likeness(written(range(HANDS), sample=1), written(range(HANDS)))
    assert found["accuracy"] > 0.6 and found["found"] == HANDS


def test_hands_under_wrong_names_are_not_found(written):
    names = [f"hand {(k + 1) % HANDS}" for k in range(HANDS)]
    found = form_likeness(written(range(HANDS), names=names), written(range(HANDS)))
    assert found["accuracy"] == 0 and found["found"] == 0


def test_pen_size_and_place_do_not_count(written):
    images, names, labels = written(range(HANDS))
    # At half the size, in a corner.
    small = np.full_like(images, 255)
    small[:, :32, 32:] = images[:, ::2, ::2]
    real = written(range(HANDS))
    found = form_likeness((small, names, labels), real)
    assert found["accuracy"] > 0.9 and found["found"] == HANDS


def test_one_hand_for_all_is_found_by_chance(written):
    rows = written([50, 51, 52, 53, 54, 55])
    # Six samples of one hand, each as if in the hand of another.
    one = np.concatenate([written([60], sample)[0] for sample in range(6)])
    found = form_likeness((one, *rows[1:]), rows)
    assert found["accuracy"] < 0.4 and found["chance"] == pytest.approx(1 / 6)


def test_what_one_set_lacks_is_left_out(written):
    images, names, labels = written(range(3))
    some = (names != "hand 2") & (labels < 5)
    found = form_likeness((images[some], names[some], labels[some]), written(range(3)))
    assert found["hands"] == 2 and found["images"] == 10 and found["chance"] == 0.5
    # A character that one hand alone has, and white paper, do no harm.
    white = np.full_like(images, 255)
    found = form_likeness((white, names, labels), written(range(3)))
    assert found["images"] == len(images)


def test_hands_without_common_characters_get_one_sentence(written):
    images, names, labels = written(range(2))
    first = names == "hand 0"
    with pytest.raises(InputError, match="No two hands have generated and real"):
        form_likeness((images[first], names[first], labels[first]), written(range(2)))
    with pytest.raises(InputError, match="No two hands"):
        form_likeness((images, names, labels + 99), written(range(2)))
