"""The script that trains a stroke writer, and what a loaded writer writes."""

import json

import numpy as np
import pytest
from networks import BACKEND
from PIL import Image
from stroke_writers import stroke_writer

import hwgen_keras as hw
import hwgen_keras.inference.stroke_writer as loaded
from experiments import flags, train_writer
from hwgen_keras.characters import CharacterSet
from hwgen_keras.data import SIMULATED, StrokeStore
from hwgen_keras.errors import InputError, InputWarning
from hwgen_keras.generation.tracks import new_hand, write_tracks
from hwgen_keras.inputs import fit_image
from hwgen_keras.models import StrokeWriter, load_trained
from hwgen_keras.sources import PenWriter

# What no two runs have in common.
RATES = ("steps_per_second", "images_per_second", "data_wait")
CHARACTERS = "一二口日木"
TINY = {
    "size": "tiny",
    "batch_size": 4,
    "steps": 4,
    "interval": 2,
    "points": 12,
    "characters_each": 3,
    "held_out_writers": 2,
    "simulated_writers": 2,
    "pairs": 6,
}
one_backend = pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")


@pytest.fixture(scope="module")
def characters(tmp_path_factory):
    file = tmp_path_factory.mktemp("characters") / "some.txt"
    file.write_text("\n".join(CHARACTERS) + "\n", encoding="utf-8")
    return str(file)


@pytest.fixture(autouse=True)
def one_process(monkeypatch):
    """A process of its own takes longer to start than it works."""
    monkeypatch.setattr("os.cpu_count", lambda: 1)


def call(characters, **values):
    """`main` with these settings."""
    return flags.call(train_writer, {**TINY, "characters": characters}, **values)


def history(folder):
    lines = (folder / "history.jsonl").read_text("utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return [{k: v for k, v in row.items() if k not in RATES} for row in rows]


def test_a_run_leaves_weights_logs_and_pictures(tmp_path, characters):
    path = call(characters, run_dir=str(tmp_path / "run"), ema=0.5)
    assert path == tmp_path / "run" / "generator.keras"
    writer = load_trained(path, StrokeWriter, "")
    assert writer.network.points == 12
    deviation = writer.network.track_features.deviation
    assert not np.allclose(deviation, 1)
    rows = history(tmp_path / "run")
    assert [row["step"] for row in rows] == [2, 4]
    assert all(0 < row["loss"] < 10 and "held_out_loss" in row for row in rows)
    with Image.open(tmp_path / "run" / "samples" / "step-00000004.png") as image:
        assert np.asarray(image).std() > 10
    assert list((tmp_path / "run" / "logs").glob("events.*"))
    best = load_trained(tmp_path / "run" / "best.keras", StrokeWriter, "")
    assert best.network.width == writer.network.width


@one_backend
def test_a_run_that_is_resumed_goes_on_as_if_never_stopped(tmp_path, characters):
    whole = call(
        characters, run_dir=str(tmp_path / "whole"), schedule="constant", ema=0.5
    )
    part = {"run_dir": str(tmp_path / "part"), "schedule": "constant", "ema": 0.5}
    call(characters, **part, steps=2)
    (tmp_path / "part" / "generator.keras").unlink()
    path = call(characters, **part, steps=4, resume=True)
    assert history(tmp_path / "part") == history(tmp_path / "whole")
    for one, other in zip(
        load_trained(path, StrokeWriter, "").get_weights(),
        load_trained(whole, StrokeWriter, "").get_weights(),
        strict=True,
    ):
        np.testing.assert_array_equal(one, other)


@one_backend
def test_stores_and_weights_are_taken(tmp_path, characters):
    tracks = [PenWriter(7).track(c, points=12) for c in CHARACTERS]
    store = StrokeStore.of_tracks(tracks, ["hanako"] * 5, SIMULATED)
    store.save(tmp_path / "hanako.store")
    given = {"simulated_writers": 0, "strokes": [str(tmp_path / "hanako.store")]}
    first = call(characters, **given, run_dir=str(tmp_path / "first"))
    again = {**given, "generator_weights": str(first), "learning_rate": 1e-9}
    second = call(characters, **again, run_dir=str(tmp_path / "second"))
    for one, other in zip(
        load_trained(first, StrokeWriter, "").get_weights(),
        load_trained(second, StrokeWriter, "").get_weights(),
        strict=True,
    ):
        np.testing.assert_allclose(one, other, atol=1e-6)


@one_backend
def test_characters_are_held_out_and_stores_have_their_share(tmp_path, characters):
    tracks = [PenWriter(7).track(c, points=12) for c in CHARACTERS]
    StrokeStore.of_tracks(tracks, ["hanako"] * 5, SIMULATED).save(tmp_path / "h.store")
    given = TINY | {"characters": characters, "strokes": (str(tmp_path / "h.store"),)}
    settings = train_writer.Settings(**given, held_out_every=2, strokes_share=0.8)
    store, weights, held = train_writer.load_tracks(settings)
    # The kanji 一, 口 and 木 are the first, third and fifth.
    assert {store.characters[label] for label in store.labels} == {"二", "日"}
    assert {held.characters[label] for label in held.labels} > {"二", "日"}
    hanako = store.sources == store.source_names.index("hanako")
    assert weights[hanako].sum() == pytest.approx(0.8)
    assert weights.sum() == pytest.approx(1)


@one_backend
def test_the_sampler_is_given_the_flags(tmp_path, characters, monkeypatch):
    class Seen(Exception):
        pass

    def sampler(store, batch_size, **values):
        raise Seen(len(store), batch_size, values)

    monkeypatch.setattr(train_writer.data, "TrackSampler", sampler)
    given = {"variation": 0.5, "mixed_hands": 0.4, "samples": 7, "seed": 3}
    given |= {"held_out_every": 2}
    with pytest.raises(Seen) as seen:
        call(characters, **given, run_dir=str(tmp_path / "run"))
    tracks, batch_size, values = seen.value.args
    weights = values.pop("weights")
    assert len(weights) == tracks == 4 and weights == pytest.approx(1 / 8)
    assert batch_size == 4
    varied = {"variation": 0.5, "mixed_hands": 0.4}
    assert values == {"pairs": 6, "samples": 7, "seed": 3} | varied


@one_backend
def test_a_writer_that_is_not_trained_enough_is_named():
    writer = stroke_writer().sampling(temperature=1e6)
    with pytest.raises(InputError, match="put strokes of 永 far outside its box; tra"):
        write_tracks(writer, "永")


@one_backend
def test_mistakes_get_one_sentence(tmp_path, characters):
    with pytest.raises(InputError, match="There is no handwriting: give --simulated_w"):
        call(characters, simulated_writers=0)
    with pytest.raises(InputError, match="a.store"):
        call(characters, strokes=["a.store"], run_dir=str(tmp_path / "a"))
    tracks = [PenWriter(7).track("語", points=12), PenWriter(7).track("一", points=12)]
    StrokeStore.of_tracks(tracks[:1], ["hanako"], 0).save(tmp_path / "go.store")
    with pytest.raises(InputError, match="go.store has no character of"):
        call(
            characters,
            strokes=[str(tmp_path / "go.store")],
            run_dir=str(tmp_path / "b"),
        )
    longer = [track.resampled(16) for track in tracks]
    StrokeStore.of_tracks(longer, ["a", "a"], 0).save(tmp_path / "16.store")
    with pytest.raises(
        InputError, match="16.store has 16 points a line; give --points"
    ):
        call(
            characters,
            strokes=[str(tmp_path / "16.store")],
            run_dir=str(tmp_path / "c"),
        )
    # A failed run leaves nothing under its final name.
    assert not list(tmp_path.glob("?/generator.keras"))


@pytest.fixture(scope="module")
def model():
    return stroke_writer(steps=2)


# TensorFlow writes in test_export_writer; networks are compared in test_stroke_writer.
@one_backend
class TestWriting:
    @pytest.fixture
    def hand(self):
        return [PenWriter(1).track(c) for c in "あいう"]

    def test_each_character_has_its_own_noise_and_all_the_hand(self, model, hand):
        tracks = write_tracks(model, list("永一永"), hand)
        assert [track.n for track in tracks] == [5, 1, 5]
        assert [track.character for track in tracks] == list("永一永")
        assert np.abs(tracks[0].points - tracks[2].points).max() > 1e-3
        # Whatever is written beside it, and in whatever batch.
        (again,) = write_tracks(model, ["永"], hand, rows=[2], batch_size=1)
        np.testing.assert_allclose(again.points, tracks[2].points, atol=1e-4)
        (other,) = write_tracks(model, ["永"], hand[:1], rows=[2])
        assert np.abs(other.points - again.points).max() > 1e-4

    def test_a_new_hand_follows_from_its_seed(self, model):
        hands = [new_hand(model, seed) for seed in (1, 1, 2)]
        assert len(hands[0]) == 11
        for track, same, other in zip(*hands, strict=True):
            np.testing.assert_array_equal(track.points, same.points)
            assert np.abs(track.points - other.points).max() > 1e-4

    def test_a_loaded_writer_writes_images_and_strokes(self, model, hand):
        writer = hw.load(model, image_size=32)
        assert (writer.kind, writer.format) == ("writer", "keras")
        images = writer.write("永い", hand)
        assert images.shape == (2, 32, 32) and images.dtype == np.uint8
        assert images.min() < 60 and images.max() == 255
        np.testing.assert_array_equal(writer.write("永い", hand), images)
        assert writer.write("永", hand, image_size=20).shape == (1, 20, 20)
        assert [track.n for track in writer.strokes("永い", hand)] == [5, 2]
        alone = writer.write("永い", seed=3)
        assert (alone != writer.write("永い", seed=4)).any()
        joining = writer.strokes("永い", hand, join_temperature=2.0)
        changed = zip(joining, writer.strokes("永い", hand), strict=True)
        assert any(np.abs(a.points - b.points).max() > 1e-5 for a, b in changed)
        calm = writer.strokes("永", hand, temperature=0.0)
        for seed in (1, 2):
            again = writer.strokes("永", hand, temperature=0.0, seed=seed)
            np.testing.assert_allclose(again[0].points, calm[0].points, atol=1e-5)
        pen, scan = (writer.write("永い", hand, look=look) for look in ("pen", "scan"))
        track = writer.strokes("永い", hand)[1]
        np.testing.assert_array_equal(pen[1], hw.Look("pen").draw(track, 32, row=1))
        np.testing.assert_array_equal(scan[1], hw.Look("scan").scan(pen[1], row=1))
        guided = writer.strokes("永", hand, guidance={"hand": 3.0}, steps=3)
        assert np.abs(guided[0].points - calm[0].points).max() > 1e-3

    def test_a_hand_is_shown_as_images(self, model, tmp_path):
        writer, pen = hw.load(model, image_size=32), PenWriter(1)
        images = [pen.draw(c, image_size=64) for c in "木永"]
        tracks = [hw.fit_track(i, c, 8)[0] for i, c in zip(images, "木永", strict=True)]
        expected = writer.write("い", tracks)
        found = writer.write("い", images, style_text="木永")
        np.testing.assert_array_equal(found, expected)
        for character, image in zip("木永", images, strict=True):
            Image.fromarray(image).save(tmp_path / f"{character}_1.png")
        folder = writer.write("い", str(tmp_path))
        assert (folder != writer.write("い")).any()
        blank = np.full((64, 64), 255, np.uint8)
        with pytest.warns(InputWarning, match="fitted to 1 of 3 images of the style"):
            some = writer.write("い", [*images, blank], style_text="木永あ")
        np.testing.assert_array_equal(some, expected)

    def test_fits_of_the_last_hands_are_kept(self, model, monkeypatch):
        fitted = []

        def fit(image, character, points):
            fitted.append(character)
            return fit_image(image, character, points)

        monkeypatch.setattr(loaded, "fit_image", fit)
        monkeypatch.setattr(loaded, "_KEPT", 2)
        writer = hw.load(model, image_size=32)
        images = [PenWriter(1).draw(c, image_size=64) for c in "木永"]
        blank = np.full((64, 64), 255, np.uint8)
        first = writer.write("い", images, style_text="木永")
        np.testing.assert_array_equal(
            writer.write("い", np.stack(images), style_text="木永"), first
        )
        assert [track.n for track in writer.strokes("い", images, style_text="木永")]
        assert fitted == ["木", "永"]
        # Another character, or another image, is another hand.
        for number in range(2):
            with pytest.warns(InputWarning, match="fitted to 1 of 2 images"):
                writer.write("い", [images[0], blank], style_text="木永", seed=number)
        writer.write("い", images[:1], style_text="木")
        assert fitted == [*"木永", *"木永", "木"]
        # The first hand is the third last.
        writer.write("い", images, style_text="木永")
        assert fitted == [*"木永", *"木永", *"木", *"木永"]

    def test_pictures_are_vectors(self, model, hand):
        writer = hw.load(model)
        stills = writer.svg("永い", hand, seed=3)
        tracks = writer.strokes("永い", hand, seed=3)
        assert stills == [hw.track_svg(track) for track in tracks]
        moving = writer.svg("永い", hand, seed=3, animated=True)
        assert moving == [hw.track_svg(track, animated=True) for track in tracks]
        timed = writer.svg("永い", hand, seed=3, seconds=2)
        assert timed == [hw.track_svg(track, 2) for track in tracks]
        with pytest.raises(InputError, match="seconds is 0; give a time from 0.01"):
            writer.svg("永", hand, seconds=0)

    def test_mistakes_get_one_sentence(self, model, hand):
        writer, paper = hw.load(model), np.full((32, 32), 255, np.uint8)
        with pytest.raises(InputError, match="No strokes could be fitted to the 1 ima"):
            writer.write("あ", paper, style_text="い")
        with pytest.raises(InputError, match="style_text is for images, and a Track"):
            writer.write("あ", hand, style_text="あいう")
        with pytest.raises(InputError, match="look is 'fax'; use clean, pen, scan"):
            writer.write("あ", hand, look="fax")
        with pytest.raises(InputError, match="There is style_text and no style"):
            writer.write("あ", style_text="い")
        for arguments, words in (
            ((["あ"], []), "The style is empty; give at least one Track or image"),
            ((["あ"], [hand[0], "い"]), "The hand has a str; give Tracks, as of"),
            ((["あ"], ["い.png"]), "The characters of the style images are not known"),
            (("あ い", hand), "The text to write has a space"),
            (("😀", hand), "KanjiVG"),
        ):
            with pytest.raises(InputError) as error:
                writer.write(*arguments)
            assert words in str(error.value) and "\n" not in str(error.value)
        with pytest.raises(InputError, match="temperature is -1"):
            writer.write("あ", hand, temperature=-1)
        with pytest.raises(
            InputError, match="does not name the 4 characters of its cond"
        ):
            hw.load(stroke_writer("embedding"))


@one_backend
def test_characters_beyond_the_training_are_written():
    # The template is an input, so that no set of characters bounds a writer.
    assert CharacterSet("one", "鸞") and write_tracks(stroke_writer(steps=1), ["鸞"])
