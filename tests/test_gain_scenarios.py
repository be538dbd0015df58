"""The presets of augmentation_gain that decide what is written, and its rivals."""

import json
import pathlib

import numpy as np
import pytest
from networks import BACKEND

from experiments import augmentation_gain
from experiments.gain import arms as gain_arms
from experiments.gain import results as gain_results
from experiments.gain import rivals, scenario
from experiments.gain.settings import Written
from hwgen_keras.characters import CharacterSet, character_set, is_kanji
from hwgen_keras.data import (
    SIMULATED,
    ImageStore,
    StrokeStore,
    read_manifest,
    write_manifest,
)
from hwgen_keras.errors import InputError
from hwgen_keras.sources import PenWriter

pytest_plugins = ["gain_folder"]
pytestmark = [
    pytest.mark.backend_free,
    pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough"),
]
UNWRITTEN = {"preset": "unwritten_characters", "arms": ["fonts+strokes"]}


class TestDivision:
    def test_look_alikes_share_all_components_but_one(self):
        structures = {
            "好": [("⿰", "女", "子")],
            "妹": [("⿰", "女", "未")],
            "味": [("⿰", "口", "未")],
            "孚": [("⿱", "爫", "子")],
            "女": [("女",)],
        }
        assert scenario.look_alikes("好妹味孚女", structures) == {
            **{"好": 1, "妹": 2, "味": 1},
            **{"孚": 0, "女": 0},
        }

    def test_half_of_the_kana_by_seed(self):
        kana = character_set("kana")
        characters, written = scenario.divide(Written(), kana)
        assert characters == kana and len(written) == 46
        assert scenario.divide(Written(), kana)[1] == written
        assert scenario.divide(Written(written_seed=1), kana)[1] != written

    def test_kana_and_some_kanji_read_on_those_with_look_alikes(self):
        settings = Written(written_kanji=20, unwritten_kanji=30)
        characters, written = scenario.divide(settings, character_set("jis1"))
        assert len(characters) == 92 + 50 and len(written) == 92 + 20
        read = set(characters) - written
        alike = scenario.look_alikes([*filter(is_kanji, character_set("jis1"))])
        assert len(read) == 30 and all(map(is_kanji, read))
        assert min(alike[c] for c in read) >= max(
            alike[c] for c in written if is_kanji(c)
        )

    def test_all_others_are_read(self):
        settings = Written(written_kanji=2, unwritten_kanji=0)
        characters, written = scenario.divide(
            settings, CharacterSet("six", "あい一二三四")
        )
        assert len(characters) == 6 and {"あ", "い"} < written and len(written) == 4

    def test_a_file_names_them(self, tmp_path, characters):
        path = tmp_path / "written.txt"
        path.write_text("い\nあ\n一\n", encoding="utf-8")
        assert scenario.divide(Written(written=str(path)), characters) == (
            *(characters, {"あ", "い"}),
        )

    @pytest.mark.parametrize(
        ("values", "message"),
        [({"written_kana": 0.0}, "wrote no character"), ({"written_kana": 1.0}, "all")],
    )
    def test_nothing_to_read_or_to_learn(self, characters, values, message):
        with pytest.raises(InputError, match=message):
            scenario.divide(Written(**values), characters)


class TestArms:
    def test_rivals_and_hands(self):
        arms = gain_arms.preset_arms(
            "unwritten_characters", ["w.own", "w.new", ("w.own", "w.new")], rivals=["g"]
        )
        assert arms["fonts+strokes randaugment"]["augment"] == (
            "affine,elastic,randaugment"
        )
        assert arms["w.own+w.new+fonts+strokes"]["generated"] == ("w.own", "w.new")
        assert {"g+fonts+strokes", "w.new+g+fonts+strokes"} < {*arms}
        plain = [name for name, arm in arms.items() if gain_results.is_plain(arm)]
        assert plain == [
            *("strokes", "fonts", "fonts+strokes", "fonts+strokes randaugment"),
            *("wide+fonts+strokes", "g+fonts+strokes"),
        ]

    def test_values(self):
        arms = gain_arms.preset_arms("unwritten_characters", ["w"], rivals=["g"])
        data = {"train": "real", "fonts": ["f"], "simulated_writers": 1}
        data |= {"generated": {"w": "w.json"}, "rivals": {"g": "g.store"}, "own": None}

        def sets(name):
            values = gain_arms.training_values(arms[name], data, 0.5)
            return values and values["generated"]

        assert sets("w+g+fonts+strokes") == ["w.json", "g.store"]
        assert sets("own+fonts+strokes") is None
        data["own"] = "own.json"
        assert sets("own+fonts+strokes") == ["own.json"]
        # Not drawn, since no chosen arm needed it.
        assert sets("wide+fonts+strokes") is None


class TestRivals:
    def test_jitter_moves_strokes_and_keeps_them(self):
        track = PenWriter(1).track("永")
        moved = rivals.jitter(track, np.random.default_rng(0))
        assert moved.n == track.n and (moved.joined == track.joined).all()
        again = rivals.jitter(track, np.random.default_rng(0))
        assert (moved.points == again.points).all()
        shift = np.abs(moved.filling().strokes - track.filling().strokes)
        assert 0.01 < shift.mean() < 0.1
        # Ways begin where strokes end.
        assert moved.ways[:, 0] == pytest.approx(moved.strokes[:-1, -1], abs=1e-5)

    def test_images_of_a_stroke_store(self, tmp_path, characters):
        tracks = [PenWriter(1).track(c) for c in "あい"]
        StrokeStore.of_tracks(tracks, ["one"] * 2, SIMULATED).save(tmp_path / "s.store")
        assert rivals.is_stroke_store(tmp_path / "s.store")
        found = rivals._tracks("s", tmp_path / "s.store", characters)
        rivals.jittered(found, characters, 2, 16, tmp_path / "images.store")
        store = ImageStore.open(tmp_path / "images.store")
        assert store.labels.tolist() == [0, 0, 1, 1]
        assert (store.decode_one(0) != store.decode_one(1)).any()
        assert not rivals.is_stroke_store(tmp_path / "images.store")

    def test_wide_writers_vary_more(self, tmp_path):
        characters = CharacterSet("two", "あ永")
        rivals.wide(2, characters, 2, 16, tmp_path / "wide.store")
        store = ImageStore.open(tmp_path / "wide.store")
        assert len(store) == 4 and store.source_names == ("pen-1000000", "pen-1000001")
        wide = rivals._widened(PenWriter(3)).hand
        assert wide.slant == 2 * PenWriter(3).hand.slant


def test_unwritten_characters(gain, untrained, tmp_path, tiny_font, characters):
    flags = {"fonts": [str(tiny_font)], "simulated_writers": 1, "wide_writers": 1}
    arms = ["fonts+strokes", "wide+fonts+strokes", "own+fonts+strokes"]
    gain(**{**UNWRITTEN, **flags, "arms": arms}, rival_count=1)
    folder = tmp_path / "gain"

    def listed(name):
        return set(json.loads((folder / "data" / name).read_text("utf-8")))

    written = listed("writers-1.json")
    assert len(written) == 3 and listed("test.json") == set(characters) - written
    assert listed("own.json") == listed("test.json")
    values = json.loads((folder / "results.json").read_text("utf-8"))
    assert "wrote 3 of 6 characters" in values["notes"][0]
    # The hands' own images are no rival.
    assert {line["baseline"] for line in values["summary"]} == {"fonts+strokes"}
    run = folder / "runs" / "wide+fonts+strokes" / "1" / "0" / "config.json"
    (used,) = json.loads(run.read_text("utf-8"))["flags"]["generated"]
    assert used == str(folder / "rivals" / "wide.store")
    begun = [*untrained]
    gain(**{**UNWRITTEN, **flags, "arms": arms}, rival_count=1)
    assert untrained == begun
    with pytest.raises(InputError, match="begun with other --written_seed"):
        gain(**{**UNWRITTEN, **flags}, written_seed=1)


def test_other_domain_reads_scans(gain, untrained, tmp_path, tiny_font):
    flags = {"fonts": [str(tiny_font)], "simulated_writers": 1, "rival_count": 1}
    arms = ["fonts+strokes", "scanned+fonts+strokes"]
    text = gain(preset="other_domain", arms=arms, **flags).read_text("utf-8")
    store = ImageStore.open(tmp_path / "gain" / "data" / "test.store")
    assert len(store) == 6 and store.source_names == ("pen-0002",)
    assert "simulated scans of --test" in text
    scans = ImageStore.open(tmp_path / "gain" / "rivals" / "scanned.store")
    assert sorted(set(scans.labels.tolist())) == list(range(6))


def test_the_page_shows_each_hand_and_the_images_of_characters(
    gain, untrained, tmp_path, handwriting
):
    text = gain(test=handwriting("both", [2, 4])).read_text("utf-8")
    values = json.loads((tmp_path / "gain" / "results.json").read_text("utf-8"))
    assert values["writers"]["1"]["gan"]["pen-0002"] == pytest.approx(5 / 12)
    assert "Accuracy on each test writer, %" in text
    assert "The characters that gained most, image by image" in text
    assert "い, pen-0002\n0/2 → 2/2" in text


def test_hands_of_a_stroke_writer(
    gain, untrained, tmp_path, tiny_font, handwriting, monkeypatch
):
    made, written = read_manifest(handwriting("made", [5])), {}

    def call(script, shared, **given):
        folder = pathlib.Path(given["output"])
        written[folder.name] = given
        folder.mkdir(parents=True)
        write_manifest(folder / "manifest.json", made)

    monkeypatch.setattr(augmentation_gain.flags, "call", call)
    flags = {"generated": [], "generator": [f"w={tmp_path}"], "seeds": 1}
    flags |= {"fonts": [str(tiny_font)], "preset": "other_domain"}
    flags |= {"hands": ["new", "own"], "new_hands": 2}
    gain(**flags, arms=["w.own", "w.own+w.new"])
    assert sorted(untrained) == ["w.own+w.new/1/0", "w.own/1/0"]
    own, new = written["w.own-1"], written["w.new-1"]
    assert own["style_hands"] == ["real"] and own["new_hands"] == 0
    assert len(own["handwriting"]) == 1
    assert new["style_hands"] == [] and new["new_hands"] == 2
    assert new["handwriting"] == [] and new["simulated_writers"] == 0


WRITES = {"generator": ["w=."]}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"written_kana": 0.5}, "--written_kana is for --preset=unwritten_characters"),
        ({"written_kana": 1.5, **UNWRITTEN}, "--written_kana is 1.5"),
        ({"written": "no.txt", **UNWRITTEN}, "no.txt"),
        ({"hands": ["own"]}, "--hands is about the sets that --generator writes"),
        ({"hands": ["new"], **WRITES}, "--hands=new needs --new_hands"),
        ({"hands": ["mine"], **WRITES}, "--hands: there is no 'mine'"),
        (
            {"hands": ["own"], "style_hands": ["fonts"], **WRITES},
            "Give either --hands or --style_hands",
        ),
        ({"rival": ["g=no.store"]}, "--rival=g: there is no no.store"),
        ({"rival": ["no.store"]}, "--rival=no.store: write it as NAME=PATH"),
        ({"rival": ["gan=."]}, "the name gan is taken"),
        ({"rival": ["wide=."]}, "the name wide is taken"),
        ({"rival": ["g=."], "preset": "original"}, "has no arms with rivals"),
        ({**UNWRITTEN, "arms": ["wide+fonts+strokes"]}, "needs --fonts"),
    ],
)
def test_mistakes_get_one_sentence(gain, untrained, values, message):
    with pytest.raises(InputError, match=message) as error:
        gain(**values)
    assert "\n" not in str(error.value)
    assert not untrained
