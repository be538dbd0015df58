"""A stroke writer becomes a SavedModel that writes strings, with its strokes inside."""

import importlib.util
import json
import pathlib
import shutil

import numpy as np
import pytest
import same_process
from networks import BACKEND
from page_commands import blocks
from stroke_writers import POINTS, stroke_writer

import hwgen_keras as hw
from experiments import export, generate
from hwgen_keras.data import padded, template_strokes
from hwgen_keras.errors import InputError
from hwgen_keras.export import exporter
from hwgen_keras.export.templates import packed_templates, unpacked
from hwgen_keras.generation.tracks import hand_strokes
from hwgen_keras.sources.fitting import draw_track
from hwgen_keras.sources.images import keeps_place

# Whatever the backend, TensorFlow exports, and takes its time to compile.
pytestmark = pytest.mark.skipif(BACKEND != "tensorflow", reason="exports take long")
if BACKEND == "tensorflow":
    import tensorflow as tf

    from hwgen_keras.export.track_images import images_of
    from hwgen_keras.export.writer_examples import track_difference
    from hwgen_keras.export.writer_signatures import TemplateTable, noise_of

CHARACTERS, TEXT, SIZE = "あっ一国永", "永っ国", 40
ONNX = ["onnx"] if importlib.util.find_spec("tf2onnx") else []


@pytest.fixture(scope="module")
def writer():
    return stroke_writer(steps=2)


@pytest.fixture(scope="module")
def exported(writer, tmp_path_factory):
    """All formats, by the script, with another temperature than stored."""
    folder = tmp_path_factory.mktemp("export_writer")
    writer.save(folder / "generator.keras")
    (folder / "characters.txt").write_text("\n".join(CHARACTERS), "utf-8")
    settings = export.Settings(
        run=str(folder),
        output=str(folder / "exported"),
        characters=str(folder / "characters.txt"),
        format=["saved_model", *ONNX, "keras"],
        storage="float16",
        temperature=0.5,
        join_temperature=1.0,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exporter, "_run", same_process.run)
        return export.main(settings)


@pytest.fixture(scope="module")
def calm(writer):
    return writer.sampling(temperature=0.5, join_temperature=1.0)


@pytest.fixture(scope="module")
def hand():
    """Tracks by a simulated writer."""
    return [hw.PenWriter(seed=1).track(c, points=POINTS) for c in "道あ二"]


def shown(hand, pairs=12):
    strokes = hand_strokes(hand, POINTS)
    every = np.arange(len(hand))[None]
    return strokes.pairs(every, pairs, np.random.default_rng(0))


def inputs_of(text, noise, hand):
    """Inputs of a writer, filled up to as many strokes as there is noise for."""
    templates = [template_strokes(character, POINTS) for character in text]
    template, mask = padded(templates, noise.shape[1])
    drawn = {"template": template, "template_mask": mask, "noise": noise}
    return drawn | shown(hand)


def pictures(writer, text, inputs, size):
    """What `hw.load(…).write` makes of the tracks of a writer."""
    track = writer.predict_on_batch(inputs)
    images = []
    for place, character in enumerate(text):
        lines = slice(0, 2 * inputs["template_mask"][place].sum() - 1)
        parts = (np.asarray(track[name][place, lines]) for name in ("points", "radii"))
        images.append(draw_track(hw.Track(character, *parts).in_box(), size))
    return np.stack(images)


@pytest.fixture(scope="module")
def served(exported):
    """Images by a signature of the SavedModel."""
    loaded = {
        name: hw.load_exported(exported, name)
        for name in ("serve_images", "serve_characters")
    }

    def call(inputs, **more):
        serve = loaded["serve_characters" if "seed" in more else "serve_images"]
        tensors = {**inputs, **more}
        tensors = {name: tf.constant(value) for name, value in tensors.items()}
        return serve(**tensors)["image"].numpy()

    return call


def compare(images, expected):
    """Equal but for the discs that `draw_track` makes lines of: thin ones are wavy."""
    assert images.shape == expected.shape and images.dtype == np.uint8
    assert (expected < 60).any((1, 2)).all()
    apart = np.abs(images.astype(int) - expected)
    assert apart.mean() < 4 and apart.max() < 64


def test_strings_become_the_images_that_keras_writes(served, calm, hand):
    noise = noise_of(7, len(TEXT), 8, calm.network.features).numpy()
    expected = pictures(calm, TEXT, inputs_of(TEXT, noise, hand), SIZE)
    named = {"characters": list(TEXT), "seed": 7}
    images = served(shown(hand), **named, image_size=SIZE)
    compare(images, expected)
    # A character is the same however many follow it.
    named["characters"] = list(TEXT[:1])
    first = served(shown(hand), **named, image_size=SIZE)
    assert np.abs(first[0].astype(int) - images[0]).max() <= 1
    named["seed"] = 8
    assert (served(shown(hand), **named, image_size=SIZE)[0] != first).any()


def test_arrays_become_images_of_any_size(served, calm, hand, rng):
    noise = rng.standard_normal((3, 11, calm.network.features), "float32")
    inputs = inputs_of(TEXT, noise, hand)
    places = np.array([keeps_place(character) for character in TEXT])
    for size in (17, 64):
        images = served(inputs, keeps_place=places, image_size=size)
        compare(images, pictures(calm, TEXT, inputs, size))


def test_a_character_without_a_template_is_named(served, hand):
    with pytest.raises(tf.errors.InvalidArgumentError, match=str(ord("道"))):
        served(shown(hand), characters=["永", "道"], seed=1, image_size=SIZE)


@pytest.fixture(scope="module")
def keras_writer(exported):
    """Once for all tests: TensorFlow takes long to trace what it predicts."""
    return hw.load(exported, format="keras")


@pytest.fixture(scope="module")
def calm_writer(calm):
    return hw.load(calm)


@pytest.mark.parametrize("format", ["saved_model", *ONNX, "keras"])
def test_it_loads_as_any_writer(exported, calm_writer, keras_writer, hand, format):
    loaded = keras_writer if format == "keras" else hw.load(exported, format=format)
    assert (loaded.kind, loaded.format) == ("writer", format)
    assert loaded.characters == tuple(CHARACTERS)
    if format == "keras":
        assert hw.load(exported / "model.keras").kind == "writer"
    # With weights of float16 an untrained writer lifts its pen elsewhere.
    assert difference(loaded, calm_writer, "永あ", hand) < 0.1
    assert difference(loaded, keras_writer, "永あ", hand) < 1e-4
    assert loaded.write("永", hand, image_size=24).shape == (1, 24, 24)
    if format != "keras":
        with pytest.raises(InputError, match="is exported, with its temperature insid"):
            loaded.write("永", hand, temperature=0.0)


def difference(one, other, text, hand):
    """The largest difference of what two loaded writers write."""
    tracks, others = (m.strokes(text, hand, seed=3) for m in (one, other))
    pairs = [
        [{"points": t.points, "radii": t.radii} for t in pair]
        for pair in zip(tracks, others, strict=True)
    ]
    return max(track_difference(*pair) for pair in pairs)


def test_what_an_export_cannot_do_is_done_by_keras(
    exported, keras_writer, hand, caplog, tmp_path
):
    with caplog.at_level("INFO", logger="hwgen_keras"):
        loaded = hw.load(exported)
        chosen = "onnx" if ONNX else "saved_model"
        assert loaded.format == chosen and f"is run as {chosen}." in caplog.text
        assert difference(loaded, keras_writer, "永あ", None) < 1e-4
        assert "Keras" not in caplog.text
        calmer = loaded.strokes("永", hand, temperature=0.0)
        assert "model.keras is run by Keras, since temperature is given" in caplog.text
    (expected,) = keras_writer.strokes("永", hand, temperature=0.0)
    np.testing.assert_array_equal(calmer[0].points, expected.points)
    # A description from before tells no hands.
    folder = tmp_path / "exported"
    shutil.copytree(exported, folder)
    description = json.loads((folder / "model.json").read_text("utf-8"))
    del description["new_hands"]
    (folder / "model.json").write_text(json.dumps(description), "utf-8")
    assert difference(hw.load(folder), keras_writer, "永", None) < 1e-4
    with pytest.raises(InputError, match="does not tell how to make up a new hand; gi"):
        hw.load(folder, format=chosen).write("永")
    description["new_hands"] = {"mean": [0.0] * 7, "deviation": [1e9] * 7}
    (folder / "model.json").write_text(json.dumps(description), "utf-8")
    with pytest.raises(InputError, match="new_hands has a wrong value; get the model"):
        hw.load(folder)


def test_scripts_take_the_folder(exported, tmp_path, monkeypatch):
    given = {"simulated_writers": 1, "image_size": 24, "count": 1, "cache": ""}
    given |= {"new_hands": 1, "strokes": [], "output": str(tmp_path / "set")}
    # TensorFlow traces the writer for each number of strokes.
    given["characters"] = str(tmp_path / "characters.txt")
    (tmp_path / "characters.txt").write_text("永", "utf-8")
    settings = generate.Settings(generator_weights=str(exported), **given)
    assert generate.main(settings).is_file()
    monkeypatch.setattr("experiments.generated.making.STORED", "no such file")
    with pytest.raises(InputError, match="is a stroke writer without model.keras, wh"):
        generate.load_generator(settings)


def test_the_code_of_the_page_runs(exported, tmp_path, monkeypatch):
    page = pathlib.Path(__file__).parents[1] / "docs" / "how-to" / "export.md"
    (code,) = (c for c in blocks(page.read_text("utf-8"), "python") if "pairs" in c)
    (tmp_path / "saved_models").mkdir()
    (tmp_path / "saved_models" / "writer").symlink_to(exported)
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(code.replace("points=24", f"points={POINTS}"), names)
    assert names["image"].shape == (2, 128, 128)


def test_templates_are_stored_in_two_bytes():
    packed = packed_templates(list("あっ国"), 24)
    assert packed["strokes"].max() < 2**14
    assert packed["keeps_place"].tolist() == [False, True, False]
    table = TemplateTable(list("あっ国"), packed)
    inputs, places = table.inputs(tf.constant(["国", "っ"]))
    assert places.numpy().tolist() == [False, True]
    assert inputs["template_mask"].numpy().sum(1).tolist() == [8, 1]
    for row, character in enumerate("国っ"):
        strokes = template_strokes(character, 24)
        written = inputs["template"].numpy()[row]
        np.testing.assert_allclose(written[: len(strokes)], strokes, atol=4e-5)
        assert not written[len(strokes) :].any()
    strokes = np.concatenate([template_strokes(c, 24) for c in "あっ国"])
    np.testing.assert_allclose(unpacked(packed["strokes"]), strokes, atol=4e-5)
    with pytest.raises(InputError, match="no strokes for 𠀋; give a set of --characte"):
        packed_templates(list("あ𠀋"), 24)


def test_noise_follows_from_the_seed_and_the_row():
    many = noise_of(3, 4, 5, 6).numpy()
    np.testing.assert_array_equal(noise_of(3, 2, 5, 6), many[:2])
    assert len(np.unique(many)) == many.size and abs(many.mean()) < 0.3
    assert (noise_of(4, 4, 5, 6).numpy() != many).all()


def test_the_difference_of_tracks():
    one = {"points": np.zeros((1, 4, 2, 2)), "radii": np.ones((1, 4, 2))}
    assert track_difference(one, one) == 0
    moved = {**one, "points": one["points"] + np.array([0, 0.3])}
    assert track_difference(moved, one) == 0.3
    lifted = {name: value.copy() for name, value in one.items()}
    lifted["radii"][0, 2], lifted["points"][0, 2] = 0, 9
    assert track_difference(lifted, one) == 0.25
    broken = {**one, "points": one["points"] * np.nan}
    assert track_difference(broken, one) == float("inf")


def test_a_track_without_ink_is_paper():
    points = np.full((2, 3, 4, 2), 0.5, "float32")
    radii = np.zeros((2, 3, 4), "float32")
    radii[1, 1] = 0.4
    points[1, 1, :, 0] = [0, 1, 2, 3]
    images = images_of(*map(tf.constant, (points, radii, [False, False], 20))).numpy()
    assert (images[0] == 255).all() and (images[1, 9:11, 4:16] == 0).all()


def test_what_it_refuses(tmp_path, monkeypatch):
    monkeypatch.setattr(exporter, "_run", same_process.run)
    stroke_writer("embedding", steps=1).save(tmp_path / "conditioned.keras")
    with pytest.raises(InputError, match="cannot be exported: it has a condition, wh"):
        hw.export_model(tmp_path / "conditioned.keras", tmp_path / "out")
    assert not (tmp_path / "out").exists()
