"""Pictures of single characters to images and strokes: JavaScript beside Python."""

import functools

import numpy as np
import pytest
import web_code
from PIL import Image
from scipy import ndimage
from skimage.filters import threshold_otsu
from skimage.morphology import skeletonize

from hwgen_keras.data import template_strokes
from hwgen_keras.errors import InputError
from hwgen_keras.sources import PenWriter, clean_image, find_fonts, fit_track
from hwgen_keras.sources.images import to_grey
from hwgen_keras.sources.looks import damage
from hwgen_keras.sources.strokes import strokes

pytestmark = pytest.mark.backend_free

SIDE = 96
DAMAGED = "口国四一川小永あ"
FITTED = "永語木あ一ー口国っ教春夏秋冬川鬱、おふ女我飛漢字警議十目。ヲんる"
NAMES = {"boxMargin": "box_margin", "strokeWidth": "stroke_width"}


def grid(array):
    """An array as the JavaScript takes it: a dict of data, width and height."""
    return {"data": array, "width": array.shape[1], "height": array.shape[0]}


@functools.cache
def written(hand, character, side=SIDE, margin=0.15):
    return PenWriter(hand).draw(character, side, margin=margin)


def pictures_to_clean(font):
    """(name, image, options of `cleanImage`) of what visitors may give."""
    for kind, harm in damage.DAMAGES.items():
        for number, character in enumerate(DAMAGED):
            hand = (501, 503)[number % 2]
            image, other = written(hand, character), written(hand, "赤")
            rng = np.random.default_rng(number)
            yield f"{character}, {kind}", harm(image, other, rng), {}
    for number, character in enumerate("口永い三鬱、"):
        options = {"margin": 0.08 * (number % 2), "size": (64, 48)[number % 2]}
        yield character, font.render(character, 80 + 31 * number, 0.1), options
        wide = np.pad(
            written(number, character), ((0, 0), (9, 50)), constant_values=255
        )
        yield character, wide, {**options, "repair": False}
    # Tall and narrow ones.
    for hand in (2, 3):
        yield "一", np.ascontiguousarray(written(hand, "一", 200).T), {}
        yield "二", np.ascontiguousarray(written(hand, "二", 250)[:, 90:130]), {}
    for character in "国永っ":
        image = written(7, character, 150)
        # No line of the box lies so that rounding decides what is within it.
        ruled = damage.frame(image, 2, 4.3)
        for drawn in (image, ruled):
            yield character, drawn, {"boxMargin": 0.05}
            yield character, drawn, {"boxMargin": 0.1, "strokeWidth": 0.06}
            yield character, drawn, {"strokeWidth": 0.1, "margin": 0.08}


@pytest.fixture(scope="module")
def cleaned(tmp_path_factory, tiny_font):
    """(name, what JavaScript made, what Python made) of each picture."""
    (font,) = find_fonts(tiny_font)
    items = list(pictures_to_clean(font))
    calls = [("clean.js", "cleanImage", [*web_code.picture(i), o]) for _, i, o in items]
    results = web_code.call(tmp_path_factory.mktemp("clean"), calls)
    both = []
    for (name, image, options), result in zip(items, results, strict=True):
        given = {"size": 64, "margin": 0.0, **options}
        size = given.pop("size")
        settings = {NAMES.get(key, key): value for key, value in given.items()}
        expected = clean_image(image, size, **settings)
        made = np.reshape(result["result"], expected.shape)
        both.append((name, made, expected))
    return both


class TestCleaning:
    def test_the_greys_are_those_of_python(self, cleaned):
        assert len(cleaned) > 150
        for name, made, expected in cleaned:
            assert (np.abs(made - expected.astype(int)) <= 1).mean() >= 0.999, name

    def test_nearly_all_are_the_same_to_the_last_bit(self, cleaned):
        same = [np.array_equal(made, expected) for _, made, expected in cleaned]
        assert np.mean(same) >= 0.99

    @pytest.mark.parametrize(
        "image",
        [
            np.full((40, 30), 255, np.uint8),
            np.full((40, 30), 120, np.uint8) + np.eye(40, 30, dtype=np.uint8),
            np.where((np.indices((99, 99)) % 6).any(0), 255, 0).astype(np.uint8),
        ],
        ids=["white", "faint", "specks"],
    )
    def test_useless_pictures_get_the_sentence_of_python(self, tmp_path, image):
        with pytest.raises(InputError) as error:
            clean_image(image, 64, name="Drawing 1")
        calls = [
            (
                "clean.js",
                "cleanImage",
                [*web_code.picture(image), {"name": "Drawing 1"}],
            )
        ]
        assert web_code.call(tmp_path, calls) == [{"error": str(error.value)}]

    def test_refuses_a_wrong_size(self, tmp_path):
        calls = [("clean.js", "cleanImage", [np.zeros(12, np.uint8), 5, 3])]
        (result,) = web_code.call(tmp_path, calls)
        assert result["error"].startswith("The image has 12 greys and not 5 x 3")


class TestOperations:
    """What libraries do in Python."""

    def test_of_ink(self, tmp_path, rng):
        shapes = [(40, 40), (31, 57), (1, 9), (60, 22)]
        inks = [
            (ndimage.gaussian_filter(rng.random(shape), 1.5) > 0.5).astype(np.uint8)
            for shape in shapes
        ]
        inks[2][0, 4] = 1
        calls = [("thin.js", "thinned", [grid(ink)]) for ink in inks]
        calls += [("filters.js", "distances", [grid(ink)]) for ink in inks]
        calls += [("filters.js", "dilated", [grid(ink), 2]) for ink in inks]
        calls += [("ink.js", "pieces", [grid(ink), False]) for ink in inks]
        results = [result["result"] for result in web_code.call(tmp_path, calls)]
        thin, distances, dilated, labelled = (results[k : k + 4] for k in (0, 4, 8, 12))
        for k, ink in enumerate(inks):
            assert thin[k]["data"] == skeletonize(ink).ravel().astype(int).tolist()
            expected = ndimage.distance_transform_edt(1 - ink)
            np.testing.assert_array_equal(distances[k], expected.ravel())
            expected = ndimage.binary_dilation(ink, iterations=2)
            np.testing.assert_array_equal(dilated[k]["data"], expected.ravel())
            np.testing.assert_array_equal(
                labelled[k]["labels"], ndimage.label(ink)[0].ravel()
            )

    def test_of_greys(self, tmp_path, rng):
        greys = rng.integers(0, 256, (37, 61), np.uint8)
        floats = rng.random((37, 61), np.float32)
        two = np.where(greys < 90, 40, 200).astype(np.uint8)
        calls = [
            ("ink.js", "otsu", [greys]),
            ("ink.js", "otsu", [two]),
            ("ink.js", "otsuOfFloats", [floats]),
            ("filters.js", "gaussian", [grid(floats), 1.3]),
            ("filters.js", "gaussian", [grid(floats.astype(float)), 12.0]),
            ("filters.js", "closing", [grid(floats), 9]),
            ("resize.js", "reduced", [grid(greys), 7]),
            ("resize.js", "reduced", [grid(floats), 4]),
        ]
        results = [result["result"] for result in web_code.call(tmp_path, calls)]
        assert results[0] == threshold_otsu(greys)
        assert results[1] == threshold_otsu(two) == 40
        assert results[2] == pytest.approx(threshold_otsu(floats), abs=0.005)
        for result, image, sigma in zip(
            results[3:5], (floats, floats.astype(float)), (1.3, 12.0), strict=True
        ):
            expected = ndimage.gaussian_filter(image, sigma)
            np.testing.assert_allclose(result["data"], expected.ravel(), atol=1e-6)
        expected = ndimage.grey_closing(floats, (9, 9))
        np.testing.assert_array_equal(results[5]["data"], expected.ravel())
        expected = np.asarray(Image.fromarray(greys).reduce(7))
        np.testing.assert_array_equal(results[6]["data"], expected.ravel())
        expected = np.asarray(Image.fromarray(floats).reduce(4))
        np.testing.assert_allclose(results[7]["data"], expected.ravel(), rtol=1e-6)

    @pytest.mark.parametrize("count", [1, 2, 321, 777])
    def test_of_chance(self, tmp_path, count):
        (result,) = web_code.call(tmp_path, [("chosen.js", "permutation", [count])])
        expected = np.random.default_rng(0).permutation(count)
        np.testing.assert_array_equal(result["result"], expected)


@pytest.fixture(scope="module")
def fits(tmp_path_factory):
    """(character, JavaScript's fit, Python's track and quality) of each image."""
    items = [
        (
            character,
            written(7 * number + 1, character, (64, 96, 128)[number % 3], 0.08),
        )
        for number, character in enumerate(FITTED)
    ]
    # Of other characters than they are said to show.
    items += [("木", written(3, "語")), ("語", written(3, "木"))]
    calls = [
        (
            "fit.js",
            "fitTrack",
            [*web_code.picture(image), character, lines_of(character), 24],
        )
        for character, image in items
    ]
    results = web_code.call(tmp_path_factory.mktemp("fit"), calls)
    return [
        (character, result["result"], *fit_track(image, character, 24))
        for (character, image), result in zip(items, results, strict=True)
    ]


class TestFitting:
    def test_the_tracks_are_those_of_python(self, fits):
        assert len(fits) > 30
        other = []
        for character, made, track, _ in fits:
            points = np.reshape(made["track"]["points"], track.points.shape)
            radii = np.reshape(made["track"]["radii"], track.radii.shape)
            same = np.abs(points - track.points).max() < 1e-4
            same &= np.array_equal(radii > 0, track.radii > 0)
            # Of two pixels of the skeleton that are as near either may be taken.
            same &= (np.abs(radii - track.radii) < 1e-5).mean() > 0.95
            if not same:
                other.append(character)
        # Where two courses cost the same, the last bit of a number decides.
        assert len(other) <= 1, other

    def test_the_faults_are_those_of_python(self, fits):
        faults = [message(made["fault"]) for _, made, _, _ in fits]
        assert faults == [quality.fault for *_, quality in fits]
        assert None in faults and len(set(faults)) >= 3
        for character, made, _, quality in fits:
            for key, value in made["quality"].items():
                name = {"leftOut": "left_out"}.get(key, key)
                expected = getattr(quality, name)
                assert value == pytest.approx(expected, abs=1e-3), (character, key)

    def test_templates_of_other_points_and_places(self, tmp_path):
        image = written(4, "教")
        lines = template_strokes("教", 24)
        template = [line.astype(float).ravel() for line in lines]
        calls = [("fit.js", "fitTrack", [*web_code.picture(image), "教", template, 24])]
        made = web_code.call(tmp_path, calls)[0]["result"]["track"]
        track = fit_track(image, "教", 24)[0]
        points = np.reshape(made["points"], track.points.shape)
        # Beside the track's own place and size.
        moved, expected = (
            (p - p[::2].mean((0, 1))) / p[::2].std() for p in (points, track.points)
        )
        assert np.median(np.abs(moved - expected)) < 0.005

    def test_images_that_show_a_hand(self, tmp_path):
        images = {"木": written(2, "木"), "二": written(2, "語"), "♪": written(2, "木")}
        images["一"] = np.full((30, 30), 255, np.uint8)
        samples = [
            {
                "character": character,
                "grey": i,
                "width": i.shape[1],
                "height": i.shape[0],
            }
            for character, i in images.items()
        ]
        templates = {"lookup": {c: lines_of(c) for c in "木二一"}}
        calls = [("index.js", "fitImages", [samples, templates])]
        result = web_code.call(tmp_path, calls)[0]["result"]
        assert [track["character"] for track in result["tracks"]] == ["木"]
        assert np.shape(result["tracks"][0]["radii"]) == (7 * 24,)
        shown = [(one["character"], message(one["fault"])) for one in result["shown"]]
        blank = "The image of 一 is blank; remove it, or scan it with more contrast."
        assert shown == [
            ("木", None),
            ("二", fit_track(images["二"], "二")[1].fault),
            ("♪", "KanjiVG has no strokes for ♪"),
            ("一", blank),
        ]


def message(fault):
    """The English sentence of a fault, or None."""
    return fault and fault["message"]


def lines_of(character):
    return [stroke.ravel() for stroke in strokes(character, 48)]


class TestColours:
    INKS = [(250, 225, 40), (150, 215, 255), (20, 30, 110), (60, 60, 60)]

    def test_the_greys_are_those_of_python(self, tmp_path):
        pictures = [damage.coloured(written(501, "永"), ink) for ink in self.INKS]
        ruled = np.array(damage.coloured(written(501, "国"), (30, 30, 40)))
        for rule in (slice(3, 6), slice(90, 93)):
            for part in (ruled[rule], ruled[:, rule]):
                np.minimum(part, np.array((140, 200, 255), np.uint8), out=part)
        pictures.append(Image.fromarray(ruled))
        clear = pictures[2].convert("RGBA")
        clear.putalpha(Image.fromarray(255 - written(501, "永")))
        pictures.append(clear)
        arrays = [np.array(one.convert("RGBA")) for one in pictures]
        calls = [("colour.js", "greysOf", [a, a.shape[1], a.shape[0]]) for a in arrays]
        for one, result in zip(pictures, web_code.call(tmp_path, calls), strict=True):
            expected = to_grey(one).ravel().astype(int)
            assert np.abs(result["result"] - expected).max() <= (one.mode == "RGBA")
