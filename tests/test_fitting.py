"""Tracks fitted to images: what they recover, and what is refused."""

import numpy as np
import pytest

import hwgen_keras as hw
from hwgen_keras.sources.fitting import draw_track
from hwgen_keras.sources.fitting.fit import overlap
from hwgen_keras.sources.fitting.lines import join_legs, resample_with_corners
from hwgen_keras.sources.fitting.skeleton import Skeleton
from hwgen_keras.sources.strokes import strokes
from hwgen_keras.sources.track import Track

pytestmark = pytest.mark.backend_free


def track_of(character, ways=None, without=(), radius=0.02):
    """KanjiVG's strokes as a track; straight ways `ways` have ink."""
    lines = strokes(character, 24)
    radii = np.full(lines.shape[:2], radius)
    radii[list(without)] = 0
    inked = np.zeros((len(lines) - 1, 24))
    inked[list(ways or ())] = radius
    return Track.of_strokes(character, lines, radii, way_radii=inked)


def fit_of(track, **arguments):
    return hw.fit_track(draw_track(track, 128), track.character, **arguments)


@pytest.mark.parametrize("character", ["木", "口", "語", "あ", "一", "ー"])
def test_recovers_the_strokes_that_were_drawn(character):
    truth = track_of(character)
    track, quality = fit_of(truth)
    assert track.character == character and track.points.shape == truth.points.shape
    assert quality.fault is None and quality.left_out == 0
    assert quality.coverage > 0.95 and quality.precision > 0.95
    off = np.hypot(*np.moveaxis(track.strokes - truth.strokes, -1, 0))
    assert off.mean() < 0.03
    assert track.written.all() and not track.joined.any()
    assert np.median(track.radii[::2]) == pytest.approx(0.02, abs=0.01)


@pytest.mark.parametrize("image_size", [64, 128])
@pytest.mark.parametrize("radius", [0.012, 0.016, 0.03, 0.045])
def test_the_fit_has_as_much_ink_as_the_image(radius, image_size):
    shares = []
    for character in "永言水火道":
        image = draw_track(track_of(character, radius=radius), image_size)
        track, _ = hw.fit_track(image, character)
        drawn = draw_track(track, image_size)
        shares.append((255.0 - drawn).sum() / (255.0 - image).sum())
    # Half a pixel of the thinner pens would be a fifth.
    assert np.mean(shares) == pytest.approx(1, abs=0.06)


def test_widths_that_cannot_be_measured_are_a_quarter_pixel_less_than_the_depth():
    image = np.full((112, 112), 255, np.uint8)
    image[50:55, 50:54] = 0
    skeleton = Skeleton(image)
    assert (skeleton.radii * 112 >= 0.25).all()
    assert set((skeleton.radii * 112).round(6).tolist()) <= {0.75, 1.75, 2.75}


def test_follows_another_hand():
    writer = hw.PenWriter(seed=4)
    truth = writer.track("教").filling()
    track, quality = hw.fit_track(writer.draw("教", 128), "教")
    assert quality.fault is None and quality.strain > 0.01
    off = np.hypot(*np.moveaxis(track.filling().strokes - truth.strokes, -1, 0))
    assert np.median(off.mean(1)) < 0.03


def test_a_way_with_ink_is_a_join():
    truth = track_of("川", ways=[0])
    track, quality = fit_of(truth)
    assert track.joined.tolist() == [True, False]
    assert track.inked[1].mean() > 0.6 and track.written.all()
    assert quality.strange < 0.02 and quality.coverage > 0.95


def test_a_stroke_without_ink_is_left_out():
    track, quality = fit_of(track_of("目", without=[3]))
    assert track.written.sum() == 4 and quality.left_out == 1
    assert quality.coverage > 0.95 and quality.precision > 0.95


def test_a_hook_belongs_to_its_stroke_or_to_the_way_that_follows():
    lines = strokes("十", 24).copy()
    hook = np.linspace(lines[0, -1], lines[0, -1] + [-0.06, 0.12], 6)
    lines[0] = resample_with_corners(np.concatenate([lines[0], hook[1:]]), 24)
    truth = Track.of_strokes("十", lines, np.full((2, 24), 0.015))
    track, quality = fit_of(truth)
    assert quality.coverage > 0.95
    ink = track.points[:-1][track.radii[:-1] > 0]
    assert np.hypot(*(ink - hook[-1]).T).min() < 0.04


@pytest.mark.parametrize(("written", "character"), [("永", "語"), ("語", "木")])
def test_another_character_has_a_fault(written, character):
    _, quality = hw.fit_track(draw_track(track_of(written), 128), character)
    assert quality.fault is not None


def test_polarity_and_size_do_not_matter():
    image = draw_track(track_of("木"), 160)
    track, _ = hw.fit_track(image, "木", points=8)
    inverted, _ = hw.fit_track(255 - np.pad(image, ((30, 0), (0, 9)), "edge"), "木", 8)
    assert track.points.shape == (7, 8, 2)
    assert np.abs(track.points - inverted.points).max() < 0.03


def test_the_same_image_gives_the_same_track():
    image = hw.PenWriter(seed=2).draw("永", 96)
    first, second = hw.fit_track(image, "永")[0], hw.fit_track(image, "永")[0]
    np.testing.assert_array_equal(first.points, second.points)


@pytest.mark.parametrize(
    ("image", "character", "points", "message"),
    [
        (np.full((40, 40), 255, "uint8"), "木", 24, "The image of 木 is blank"),
        (np.zeros((40, 40, 3), "uint8"), "木", 24, "The image of 木 has shape"),
        (np.eye(40, dtype="uint8") * 255, "木木", 24, "one character"),
        (np.eye(40, dtype="uint8") * 255, "ﬀ", 24, "KanjiVG has no strokes"),
        (np.eye(40, dtype="uint8") * 255, "木", 3, "points is 3"),
    ],
)
def test_mistakes(image, character, points, message):
    with pytest.raises(hw.InputError, match=message):
        hw.fit_track(image, character, points)


def test_faults_name_what_is_wrong():
    good = {
        "coverage": 1.0,
        "precision": 1.0,
        "strange": 0.0,
        "strokes": 9,
        "left_out": 0,
    }
    for name, value, words in (
        ("coverage", 0.5, "cover 50% of the ink"),
        ("precision", 0.8, "20% of its lines are beside"),
        ("strange", 0.3, "no stroke explains 30%"),
        ("strain", 0.2, "not the form"),
    ):
        quality = hw.FitQuality(**({"strain": 0.02} | good | {name: value}))
        assert words in quality.fault


def test_spurs_and_dirt_are_no_lines():
    image = draw_track(track_of("一", radius=0.08), 112)
    image[5, 5] = 0
    image[56, 56] = 255
    skeleton = Skeleton(image)
    assert np.ptp(skeleton.points[:, 1]) < 0.15
    ends = (skeleton.neighbours >= 0).sum(1) == 1
    assert ends.sum() == 2


def test_overlap_of_nothing_is_none():
    track = track_of("二")
    skeleton = Skeleton(draw_track(track, 112))
    lifted = Track("二", track.points, np.zeros_like(track.radii))
    assert overlap(lifted, skeleton) == (0.0, 0.0)


def test_legs_keep_where_they_meet():
    corner = np.array([[0.0, 0.0], [0.1, 0.0]]), np.array([[0.1, 0.0], [0.1, 0.9]])
    points, down = join_legs([(corner[0], True), (corner[1], False)], 12)
    assert np.hypot(*(points - [0.1, 0.0]).T).min() < 1e-9
    assert down.tolist() == [True] * 3 + [False] * 9
    points, down = join_legs([(np.zeros((2, 2)), True)], 5)
    assert not points.any() and not down.any()


def test_corners_have_points():
    line = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 0.3]])
    points = resample_with_corners(line, 9)
    assert np.hypot(*(points - [1.0, 0.0]).T).min() < 0.02
    np.testing.assert_allclose(points[[0, -1]], line[[0, -1]])
