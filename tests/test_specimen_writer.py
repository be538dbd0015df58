"""A page by a stroke writer: as pixels, as vectors, in a new hand; mistakes."""

import re
import xml.etree.ElementTree as ElementTree

import keras
import numpy as np
import pytest
from fontTools.pens.boundsPen import BoundsPen
from fontTools.pens.transformPen import TransformPen
from fontTools.svgLib.path import parse_path
from hand_folder import hand_folder
from networks import BACKEND
from PIL import Image
from stroke_writers import stroke_writer

import hwgen_keras as hw
from experiments import specimen
from experiments.specimens import strokes
from hwgen_keras.errors import InputError
from hwgen_keras.models import AdaINGenerator

SVG = "{http://www.w3.org/2000/svg}"

pytestmark = pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """Flags, with an untrained writer, a hand of images and a store of two hands."""
    folder = tmp_path_factory.mktemp("page")
    keras.utils.set_random_seed(0)
    stroke_writer(steps=2).save(folder / "generator.keras")
    pens = {f"hand {seed}": hw.PenWriter(seed) for seed in (1, 2)}
    tracks = [pen.track(c, points=8) for pen in pens.values() for c in "永道"]
    names = [name for name in pens for _ in range(2)]
    hw.StrokeStore.of_tracks(tracks, names, hw.SIMULATED).save(folder / "hands.store")
    hand_folder(folder / "hanako", "木永あ")
    return {
        "generator_weights": str(folder),
        "text": "あっ、永 い",
        "dpi": 60,
        "folder": folder,
    }


def call(given, output, **values):
    settings = {**given, "output": str(output), "cache": "", **values}
    folder = str(settings.pop("folder"))
    settings = {
        name: value.format(folder=folder) if isinstance(value, str) else value
        for name, value in settings.items()
    }
    return specimen.main(specimen.Settings(**settings))


@pytest.mark.parametrize("writing", ["horizontal", "vertical"])
def test_pixels_and_vectors_show_the_same(given, tmp_path, capsys, writing):
    given = {**given, "handwriting": "{folder}/hanako", "writing": writing}
    png = call(given, tmp_path / "page.png")
    assert "5 characters in the hand of hanako, 1 page. Saved" in capsys.readouterr()[0]
    svg = call(given, tmp_path / "page.svg").read_text("utf-8")
    assert svg.count("<path") == 5
    # The ink of both lies in the same rectangle, in mm.
    rows, columns = np.nonzero(np.asarray(Image.open(png)) < 128)
    edges = columns.min(), rows.min(), columns.max() + 1, rows.max() + 1
    pen = BoundsPen(None)
    for path in re.findall(r'd="(.*?)"', svg):
        parse_path(path, pen)
    bounds = np.array(pen.bounds) / 100
    np.testing.assert_allclose(np.array(edges) / 60 * 25.4, bounds, atol=1.0)
    pdf = call(given, tmp_path / "page.pdf").read_bytes()
    assert pdf.startswith(b"%PDF") and b"/Subtype /Image" not in pdf


def test_characters_have_the_sizes_of_a_text(given, tmp_path, monkeypatch):
    """Here none but the first has any: what `in_text` returns is what is drawn."""
    monkeypatch.setattr(strokes, "in_text", lambda tracks: len(tracks) * tracks[:1])
    page = call({**given, "handwriting": "{folder}/hanako"}, tmp_path / "page.svg")
    shapes = re.findall(r'd="(.*?)"', page.read_text("utf-8"))
    assert len({len(shape.split()) for shape in shapes}) == 1 < len(shapes)


@pytest.mark.parametrize("writing", ["horizontal", "vertical"])
def test_an_animated_page_is_the_still_one(given, tmp_path, writing):
    given = {**given, "text": "ー永っ", "writing": writing}
    still = call(given, tmp_path / "still.svg").read_text("utf-8")
    moving = call(given, tmp_path / "moving.svg", animated=True).read_text("utf-8")
    root = ElementTree.fromstring(moving)
    assert root.attrib == ElementTree.fromstring(still).attrib
    groups = root.findall(f"{SVG}g")
    assert [group.find(f"{SVG}title").text for group in groups] == [*"ー永っ"]
    # The bodies that the pens uncover lie where the ink of the still page is.
    drawn, ends = BoundsPen(None), 0.0
    for group in groups:
        matrix = [float(x) for x in group.get("transform")[7:-1].split()]
        pen = TransformPen(drawn, matrix)
        for path in group.findall(f"{SVG}clipPath/{SVG}path"):
            parse_path(path.get("d"), pen)
        # One character after the other.
        times = [
            [float(t.split(":")[1].rstrip("s")) for t in p.get("style").split(";")]
            for p in group.findall(f"{SVG}path")
        ]
        assert times[0][0] >= ends
        ends = sum(times[-1])
    expected = BoundsPen(None)
    for path in ElementTree.fromstring(still).findall(f"{SVG}path"):
        parse_path(path.get("d"), expected)
    np.testing.assert_allclose(drawn.bounds, expected.bounds, atol=5)


def test_only_an_svg_moves(given, tmp_path):
    with pytest.raises(InputError, match="--animated: .*page.pdf stands still; write"):
        call(given, tmp_path / "page.pdf", animated=True)


def test_hands_of_a_store_and_new_ones(given, tmp_path):
    store = {"strokes": "{folder}/hands.store", "writer": "hand 2"}
    pages = [
        np.asarray(Image.open(call(given, tmp_path / f"{number}.png", **values)))
        for number, values in enumerate(
            [store, store, {**store, "writer": "hand 1"}, {}, {"seed": 1}]
        )
    ]
    np.testing.assert_array_equal(pages[0], pages[1])
    for page in pages[2:]:
        assert (page != pages[0]).any()
    assert (pages[3] != pages[4]).any()


def test_looks_are_of_pixels(given, tmp_path):
    clean, pen, scan, again = (
        np.asarray(Image.open(call(given, tmp_path / f"{number}.png", look=look)))
        for number, look in enumerate(["clean", "pen", "scan", "scan"])
    )
    np.testing.assert_array_equal(scan, again)
    assert (pen != clean).any() and (scan != pen).any()
    # Only the scanner sees the paper.
    assert (pen[-100:] == 255).all() and clean.shape == pen.shape == scan.shape


def test_what_kanjivg_lacks_leaves_a_blank(given, tmp_path, capsys):
    text = {"text": "永𠀋", "fonts": ["some"]}
    with pytest.raises(InputError, match="KanjiVG has no strokes for 𠀋; leave"):
        call(given, tmp_path / "page.svg", **text)
    path = call(given, tmp_path / "page.svg", **text, skip_unknown_characters=True)
    printed = capsys.readouterr().out
    assert "Left blank, since KanjiVG has no strokes for them: 𠀋" in printed
    assert "--fonts: not used" in printed
    assert path.read_text("utf-8").count("<path") == 1


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"strength": 2.0}, "--strength is for a generator of images, not for Stroke"),
        ({"hand_2": "some"}, "--hand_2 is for a generator of images"),
        ({"guidance_content": 2.0}, "--guidance_content is for a diffusion model"),
        ({"strokes": "{folder}/hands.store"}, "--strokes has characters by 2 writers"),
        (
            {"strokes": "{folder}/hands.store", "writer": "hand 3"},
            "--writer: --strokes has no writer 'hand 3'",
        ),
        (
            {"strokes": "{folder}/hands.store", "handwriting": "{folder}/hanako"},
            "Give one of --strokes and --handwriting",
        ),
        ({"text": "あ" * 500, "output": "page.svg"}, "3 pages and a SVG has one"),
        ({"look": "pen"}, "page.svg would be vectors, which have no such look; write"),
        ({"look": "scan", "output": "page.pdf"}, "--look=scan: "),
        ({"look": "fax", "output": "page.png"}, "'fax'; use clean, pen, scan"),
        ({"output": "page.gif"}, "must end in .png, .pdf or .svg"),
    ],
)
def test_mistakes_get_one_sentence(given, tmp_path, values, message):
    values = dict(values)
    output = tmp_path / values.pop("output", "page.svg")
    with pytest.raises(InputError, match=re.escape(message)) as error:
        call(given, output, **values)
    assert "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())


def test_generators_of_images_write_no_vectors(given, tmp_path):
    generator = AdaINGenerator(width=8, multipliers=(1,))
    generator.build()
    generator.save(tmp_path / "generator.keras")
    weights = {"generator_weights": str(tmp_path), "image_size": 16}
    with pytest.raises(InputError, match="a AdaINGenerator writes pixels; write a"):
        call(given, tmp_path / "page.svg", **weights)
    with pytest.raises(InputError, match="--strokes is for a stroke writer, not for"):
        call(given, tmp_path / "page.png", **weights, strokes="some.store")
