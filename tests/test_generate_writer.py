"""A stroke writer writes a set: in whose hands, whatever the batches; mistakes."""

import csv
import json

import keras
import numpy as np
import pytest
from hand_folder import characters_file
from networks import BACKEND
from PIL import Image
from stroke_writers import POINTS, set_features, stroke_writer, writer_network

import hwgen_keras as hw
from experiments import generate, measure_generated
from hwgen_keras import generation
from hwgen_keras.data import read_manifest, template_strokes
from hwgen_keras.errors import InputError
from hwgen_keras.generation.tracks import new_hand, write_tracks

pytestmark = pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")


@pytest.fixture(scope="module")
def writer():
    keras.utils.set_random_seed(0)
    return stroke_writer(steps=2)


@pytest.fixture(scope="module")
def given(tmp_path_factory, writer, characters):
    """Flags, with an untrained writer and a stroke store of two hands."""
    folder = tmp_path_factory.mktemp("writer")
    writer.save(folder / "generator.keras")
    pens = {f"hand {seed}": hw.PenWriter(seed) for seed in (1, 2)}
    tracks = [pen.track(c, points=12) for pen in pens.values() for c in "あ永道国"]
    names = [name for name in pens for _ in range(4)]
    hw.StrokeStore.of_tracks(tracks, names, hw.SIMULATED).save(folder / "hands.store")
    return {
        "characters": characters_file(folder, characters),
        "strokes": str(folder / "hands.store"),
        "image_size": 24,
        "batch_size": 4,
        "count": 2,
        "generator_weights": str(folder),
    }


def call(given, output, **values):
    settings = {**given, "output": str(output), "cache": "", **values}
    return generate.main(generate.Settings(**settings))


def rows_of(folder):
    with open(folder / "provenance.csv", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def pictures(manifest):
    return np.stack([np.asarray(Image.open(s.path)) for s in read_manifest(manifest)])


def test_a_set_in_the_hands_of_a_stroke_store(given, characters, tmp_path):
    path = call(given, tmp_path / "set")
    rows = rows_of(path.parent)
    assert [row["character"] for row in rows] == [c for c in characters for _ in "12"]
    assert {row["writer"] for row in rows} == {"hand 1", "hand 2"}
    assert {row["font"] for row in rows} == {"KanjiVG"}
    for row in rows:
        shown = row["style"].split()
        # The character itself is not shown.
        assert len(shown) == (3 if row["character"] == "あ" else 4)
        assert f"{row['character']}/0" not in shown
    images = pictures(path)
    assert images.shape == (12, 24, 24) and (images.min((1, 2)) < 60).all()
    assert [s.writer for s in read_manifest(path)] == [row["writer"] for row in rows]
    summary = json.loads((path.parent / "generation.json").read_text("utf-8"))
    assert summary["job"]["sampling"]["temperature"] == 0.5

    # Rows follow from the seed, their number and attempt alone.
    again = call(given, tmp_path / "again", batch_size=1, threads=1)
    assert np.abs(pictures(again).astype(int) - images).max() <= 2
    other = call(given, tmp_path / "other", seed=1, format="store")
    assert (hw.ImageStore.open(other).decode(range(12)) != images).any()
    calm = call(given, tmp_path / "calm", temperature=0.0, guidance_hand=2.0)
    assert (pictures(calm) != images).any()
    joining = call(given, tmp_path / "joining", join_temperature=1.0)
    job = json.loads((joining.parent / "generation.json").read_text("utf-8"))["job"]
    assert job["sampling"]["join_temperature"] == 1.0


def test_looks(given, tmp_path):
    clean = pictures(call(given, tmp_path / "clean"))
    pen = pictures(call(given, tmp_path / "pen", look="pen"))
    scan = call(given, tmp_path / "scan", look="scan")
    again = pictures(call(given, tmp_path / "again", look="scan", batch_size=1))
    assert (pen != clean).any((1, 2)).all()
    assert (pictures(scan) != pen).any((1, 2)).all()
    # Where a scan is black and white, rounding may cross its threshold.
    off = np.abs(pictures(scan).astype(int) - again)
    assert (off > 2).mean() < 0.002
    assert (rows_of(tmp_path / "scan")[0])["writer"] == "hand 1"
    look = hw.Look("scan", 0)
    for image, ink, row in zip(
        pictures(scan), pen, rows_of(tmp_path / "scan"), strict=True
    ):
        number, attempt = int(row["row"]), int(row["attempt"])
        expected = look.scan(ink, row["writer"], number, attempt)
        np.testing.assert_array_equal(image, expected)
    with pytest.raises(InputError, match="another set .look pen, not scan.; cho"):
        call(given, tmp_path / "pen", look="scan")
    summary = json.loads((tmp_path / "pen" / "generation.json").read_text("utf-8"))
    assert summary["job"]["rows"]["look"] == summary["flags"]["look"] == "pen"


def test_its_measures_are_those_of_any_set(given, characters, manifest, tmp_path):
    path = call(given, tmp_path / "set")
    encoder = hw.ImageEncoder(widths=(8, 16))
    classifier = hw.Classifier(encoder, len(characters), characters=characters)
    classifier.build()
    classifier.save(tmp_path / "classifier.keras")
    values = measure_generated.main(
        measure_generated.Settings(
            generated=str(path),
            real=str(manifest),
            reader=str(tmp_path),
            characters=given["characters"],
            image_size=24,
            cache="",
            output=str(tmp_path / "measures"),
        )
    )
    assert values["measures"]


def test_a_row_does_not_depend_on_other_rows(given, writer):
    store = hw.StrokeStore.open(given["strokes"])
    store = generation.writing.joined([store], writer.network.points)
    assert store.points == writer.network.points
    characters = hw.CharacterSet("three", "永遠に")
    sampler = hw.TrackGenerationSampler(store, characters, 4, 32, hand_samples=2)
    assert sampler.rows_per_epoch == 12
    whole = sampler.draw(range(12), attempt=1)
    assert whole["style"].shape == (12, 2)
    part = sampler.draw([7, 2], attempt=1)
    for name, column in part.items():
        np.testing.assert_array_equal(column, whole[name][[7, 2]])
    assert (sampler.draw(range(12))["style"] != whole["style"]).any()
    pairs = sampler.shown(np.arange(12), whole, 1)
    for name, values in sampler.shown(np.array([7, 2]), part, 1).items():
        np.testing.assert_array_equal(values, pairs[name][[7, 2]])


def test_new_hands_follow_from_the_seed(given, tmp_path):
    given = {**given, "strokes": [], "new_hands": 2, "counts": None}
    path = call(given, tmp_path / "set", count=6)
    assert {r["writer"] for r in rows_of(path.parent)} == {"new-0-0000", "new-0-0001"}
    again = call(given, tmp_path / "again", count=6)
    np.testing.assert_array_equal(pictures(path), pictures(again))
    # More hands leave the first as they are.
    writer = hw.load_trained(
        given["generator_weights"], hw.StrokeWriter, "", "generator.keras"
    )
    two, three = (
        generation.tracks.new_hands(writer, count, 5, progress=False)
        for count in (2, 3)
    )
    first = two.decode(range(len(two)))[0]
    np.testing.assert_array_equal(three.decode(range(len(two)))[0], first)


def test_hands_of_images_are_fitted(given, manifest, tmp_path, capsys):
    given = {**given, "strokes": [], "handwriting": [str(manifest)]}
    given |= {"simulated_writers": 1, "cache": str(tmp_path / "cache")}
    path = generate.main(generate.Settings(**given, output=str(tmp_path / "set")))
    writers = {sample.writer for sample in read_manifest(manifest)}
    found = {row["writer"] for row in rows_of(path.parent)}
    assert "pen-0000" in found and found & writers <= writers
    fitted = list((tmp_path / "cache").glob("tracks-*.store"))
    assert len(fitted) == 1
    printed = capsys.readouterr().out
    kept, total = len(hw.StrokeStore.open(fitted[0])), len(read_manifest(manifest))
    assert kept == total or f"Left out {total - kept} of {total} images" in printed
    # The cache has them now.
    again = generate.main(generate.Settings(**given, output=str(tmp_path / "again")))
    np.testing.assert_array_equal(pictures(path), pictures(again))


def test_what_kanjivg_lacks_is_left_out(given, tmp_path, capsys):
    characters = tmp_path / "characters.txt"
    characters.write_text("永\n𠀋\n", "utf-8")
    path = call(given, tmp_path / "set", characters=str(characters), fonts=["some"])
    assert [row["character"] for row in rows_of(path.parent)] == ["永", "永"]
    printed = capsys.readouterr().out
    assert "Left out, since KanjiVG has no strokes for them: 𠀋" in printed
    assert "--fonts: not used" in printed
    counts = tmp_path / "counts.json"
    counts.write_text('{"𠀋": 1}', "utf-8")
    with pytest.raises(InputError, match="KanjiVG has no strokes for 𠀋, of which"):
        call(
            *(given, tmp_path / "none"),
            **{"characters": str(characters), "counts": str(counts)},
        )
    characters.write_text("𠀋\n", "utf-8")
    with pytest.raises(InputError, match="no strokes for any character"):
        call(given, tmp_path / "none", characters=str(characters))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"strokes": []}, "A stroke writer needs hands: give --strokes"),
        ({"strokes": ["no.store"]}, "no.store cannot be opened"),
        ({"content": "both"}, "--content is for a generator of images, not for Stroke"),
        ({"style_images": 2}, "--style_images is for a generator of images"),
        ({"style_from": "same_character"}, "--style_from is for a generator"),
        ({"style_hands": ["fonts"]}, "--style_hands: a stroke writer takes no glyphs"),
        ({"style_hands": ["real"]}, "--style_hands: real needs --handwriting"),
        ({"guidance_style": 2.0}, "--guidance_style is for a diffusion model, not for"),
        ({"guidance_condition": 2.0}, "--guidance_condition: the model has no"),
        ({"hand_samples": 0}, "--hand_samples is 0"),
        ({"new_hands": -1}, "--new_hands is -1"),
        ({"temperature": -1.0}, "--temperature is -1"),
        ({"look": "fax"}, "'fax'; use clean, pen, scan"),
    ],
)
def test_mistakes_get_one_sentence(given, tmp_path, values, message):
    with pytest.raises(InputError, match=message) as error:
        call(given, tmp_path / "set", **values)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "set").exists()


def test_images_that_no_strokes_fit(given, tmp_path):
    folder = tmp_path / "hanako"
    folder.mkdir()
    Image.fromarray(np.full((32, 32), 255, np.uint8)).save(folder / "あ_1.png")
    with pytest.raises(InputError, match="none of the 1 images could be fitted"):
        call(given, tmp_path / "set", strokes=[], handwriting=[str(folder)])


def test_a_condition_that_names_no_characters_is_refused(given, tmp_path):
    stroke_writer("embedding").save(tmp_path / "generator.keras")
    with pytest.raises(InputError, match="does not name the 4 characters of its cond"):
        call(given, tmp_path / "set", generator_weights=str(tmp_path))
    assert not (tmp_path / "set").exists()


def unmoved():
    """An untrained writer without noise, which moves no stroke."""
    fresh = hw.StrokeWriter(writer_network(), steps=2, temperature=0.0)
    fresh.build()
    set_features(fresh)
    return fresh


def test_a_new_hand_has_a_frame_as_those_of_the_training():
    fresh, widths = unmoved(), []
    fresh.network.frame_deviation.assign(np.zeros(7))
    for pen in (0, np.log(2)):
        fresh.network.frame_mean.assign([0] * 6 + [pen])
        widths.append(new_hand(fresh, seed=1)[0].radii[::2].mean())
    assert 1.7 < widths[1] / widths[0] < 2.1


@pytest.mark.parametrize("character", "っつ。")
def test_a_written_character_is_as_large_in_its_box_as_the_template(character):
    fresh = unmoved()
    (track,) = write_tracks(fresh, [character])
    template = template_strokes(character, POINTS)
    np.testing.assert_allclose(track.filling().strokes, template, atol=0.02)
