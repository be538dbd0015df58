"""Which test hands a training saw by another name, and that they are left out."""

import pytest
from networks import BACKEND

import hwgen_keras as hw
from experiments import reproduce, zoo
from hwgen_keras.data import ImageStore
from hwgen_keras.data.store_writer import FONT
from hwgen_keras.errors import InputError
from hwgen_keras.inputs.settings import Images

# Images are compared in the same way on each backend.
pytestmark = pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")

KANA, KANJI = "あいうえおかきくけこ", "永道国春夏秋冬花月水"
SET = hw.CharacterSet("some", KANA + KANJI)


def hand(seed, name, characters=SET):
    """A simulated writer's images of some characters, by a name."""
    store = hw.simulated_store([seed], characters, 32, progress=False)
    store = store.relabel(SET)
    store.source_names = [name]
    return store.as_kind(FONT)


@pytest.fixture(scope="module")
def borrowed():
    """A font whose kana are those of writer 1, and its kanji nobody's."""
    kana = hand(1, "borrowed", hw.CharacterSet("kana", KANA))
    return ImageStore.merge([kana, hand(2, "borrowed", hw.CharacterSet("k", KANJI))])


def test_a_hand_is_known_by_any_name_and_script_by_script(borrowed):
    known = ImageStore.merge([hand(1, "one"), hand(3, "three")])
    tests = ImageStore.merge([borrowed, hand(3, "drei"), hand(4, "four")])
    assert hw.same_hands(known, tests) == [
        ("borrowed", "one", "hiragana", 1.0),
        ("drei", "three", "hiragana", 1.0),
        ("drei", "three", "kanji", 1.0),
    ]
    # Few characters prove nothing.
    few = hand(1, "uno", hw.CharacterSet("few", KANA[:7]))
    assert hw.same_hands(known, few) == []


@pytest.fixture
def found(tmp_path, borrowed):
    """A function: test fonts by name → what `known_hands` says of them, and images."""
    hand(1, "one").save(tmp_path / "learned.store")
    borrowed.save(tmp_path / "borrowed.store")
    hand(1, "uno").save(tmp_path / "uno.store")
    images = Images(characters="jis1", image_size=32, cache="")

    def of(name):
        settings = reproduce.Settings(
            name="jis1-reader",
            fonts=[str(tmp_path / "learned.store")],
            handwriting=["none.json"],
            test=["others.json"],
            run_dir=str(tmp_path / "zoo"),
            output=str(tmp_path / "saved"),
            hand_fonts=[str(tmp_path / "learned.store")],
            test_fonts=[str(tmp_path / f"{name}.store")],
        )
        return zoo.known_hands(settings, "test_fonts", images, SET)

    return of


def test_what_a_training_saw_is_left_out_and_told(found, borrowed, capsys):
    hands = found("borrowed")
    assert "the hiragana of borrowed are those of one" in capsys.readouterr().out
    left = zoo.without(borrowed, hands, "test_fonts")
    assert {left.characters[label] for label in left.labels} == set(KANJI)


def test_tests_of_which_nothing_is_left_are_refused(found):
    hands, store = found("uno"), hand(1, "uno")
    with pytest.raises(InputError, match="--test_fonts: the .* of uno are those of on"):
        zoo.without(store, hands, "test_fonts")
