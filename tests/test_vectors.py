"""Outlines of tracks as curves, and SVG pictures of them."""

import itertools
import sys
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from fontTools.pens.areaPen import AreaPen
from fontTools.pens.recordingPen import RecordingPen
from matplotlib.path import Path
from sentences import sentence

import hwgen_keras as hw
from hwgen_keras.vectors import vertical_form, vertical_outline
from hwgen_keras.vectors.svg import path_data

pytestmark = pytest.mark.backend_free

SVG = "{http://www.w3.org/2000/svg}"


def track(lines, radius=0.05, character="一"):
    """A track of strokes, each a list of points, with lifted ways between them."""
    count = max(map(len, lines))
    strokes = [line + [line[-1]] * (count - len(line)) for line in lines]
    return hw.Track.of_strokes(character, strokes, np.full((len(lines), count), radius))


BAR = [[0.2, 0.5], [0.8, 0.5]]
CROSS = track([BAR, [[0.5, 0.2], [0.5, 0.8]]])
# Three strokes that close a square.
SQUARE = track(
    [
        [[0.2, 0.2], [0.2, 0.8]],
        [[0.2, 0.2], [0.8, 0.2], [0.8, 0.8]],
        [[0.2, 0.8], [0.8, 0.8]],
    ]
)


def areas(outline):
    """The signed area of each contour."""
    found = []
    for contour in outline.contours:
        pen = AreaPen()
        hw.Outline((contour,)).draw(pen)
        found.append(pen.value)
    return found


def polygon(contour, pieces=30):
    t = np.linspace(0, 1, pieces, endpoint=False)[:, None, None]
    a, b, c, d = np.moveaxis(contour, 1, 0)
    curve = (1 - t) ** 3 * a + 3 * t * (1 - t) ** 2 * b + 3 * t**2 * (1 - t) * c
    return np.moveaxis(curve + t**3 * d, 0, 1).reshape(-1, 2)


def inside(outline, points):
    """Whether points are in the ink; contours of a union do not cross."""
    found = np.zeros(len(points), bool)
    for contour in outline.contours:
        found ^= Path(polygon(contour)).contains_points(points)
    return found


def depth(written, points):
    """How deep points are in the discs along the segments of a track."""
    deepest = np.full(len(points), -np.inf)
    longest = np.abs(np.diff(written.points, axis=1)).max()
    t = np.linspace(0, 1, 3 + int(longest * 200))
    for line, radii in zip(written.points, written.radii, strict=True):
        for k in np.flatnonzero((radii[:-1] > 0) & (radii[1:] > 0)):
            centres = line[k] + t[:, None] * (line[k + 1] - line[k])
            reach = radii[k] + t * (radii[k + 1] - radii[k])
            apart = np.linalg.norm(points[:, None] - centres, axis=-1)
            # Between discs so close the line is hardly thinner.
            deepest = np.maximum(deepest, (reach - apart).max(1))
    return deepest


def corners(outline):
    """How many curves do not go on in the direction of the one before."""
    number = 0
    for contour in outline.contours:
        leaving = contour[:, 1] - contour[:, 0]
        arriving = np.roll(contour[:, 3] - contour[:, 2], 1, axis=0)
        cosine = (leaving * arriving).sum(1)
        cosine /= np.linalg.norm(leaving, axis=1) * np.linalg.norm(arriving, axis=1)
        number += (cosine < np.cos(0.2)).sum()
    return number


class TestOutline:
    def test_of_a_bar_has_its_area_and_few_points(self):
        outline = hw.outline(track([BAR]))
        (area,) = areas(outline)
        assert area == pytest.approx(0.6 * 0.1 + np.pi * 0.05**2, abs=5e-4)
        assert outline.curves <= 8
        assert outline.bounds == pytest.approx([0.15, 0.45, 0.85, 0.55], abs=2e-3)

    def test_of_a_dot_is_round(self):
        outline = hw.outline(track([[[0.5, 0.5], [0.5, 0.5]]], 0.1))
        (area,) = areas(outline)
        assert area == pytest.approx(np.pi * 0.01, rel=0.02)
        assert outline.curves <= 8 and corners(outline) == 0

    def test_where_strokes_cross_are_corners_and_nowhere_else(self):
        outline = hw.outline(CROSS)
        assert len(outline.contours) == 1
        assert corners(outline) == 4

    def test_a_hole_runs_the_other_way(self):
        outline = hw.outline(SQUARE)
        hole, body = sorted(areas(outline))
        assert hole == pytest.approx(-(0.5**2), abs=2e-3)
        # The three open corners and the hook are round.
        assert body == pytest.approx(0.7**2, abs=5e-3)

    @pytest.mark.parametrize("character", "あ永国")
    def test_is_the_union_of_the_discs(self, character):
        written = hw.PenWriter(3).track(character, points=60)
        outline = hw.outline(written, tolerance=0.001)
        points = np.random.default_rng(0).uniform(0, 1, (500, 2))
        deep = depth(written, points)
        clear = np.abs(deep) > 0.0025
        assert (inside(outline, points) == (deep > 0))[clear].all()

    def test_a_larger_tolerance_leaves_fewer_points(self):
        written = hw.PenWriter(3).track("語")
        counts = [hw.outline(written, tolerance).curves for tolerance in (1e-3, 5e-3)]
        assert counts[1] < 0.7 * counts[0]

    def test_few_points_make_a_smooth_curve(self):
        angles = np.linspace(0, np.pi, 8)
        arc = 0.5 + 0.3 * np.stack([np.cos(angles), -np.sin(angles)], axis=-1)
        outline = hw.outline(track([arc.tolist()], 0.02))
        assert corners(outline) == 0
        apart = np.hypot(*(polygon(outline.contours[0]) - 0.5).T)
        # But for the ends all is 0.02 from the circle; straight, 0.0075 would be lost.
        middle = polygon(outline.contours[0])[:, 1] < 0.45
        assert (np.abs(np.abs(apart - 0.3) - 0.02) < 4e-3)[middle].all()

    def test_a_lifted_pen_leaves_no_ink(self):
        lifted = hw.Track("一", CROSS.points, np.zeros((3, 2)))
        assert hw.outline(lifted).contours == ()
        assert hw.outline(lifted).curves == 0
        assert np.isnan(hw.outline(lifted).bounds).all()
        radii = [[0, 0], [0.1, 0.1], [0, 0]]
        joined = hw.Track("二", track([BAR, BAR]).points, radii)
        assert len(hw.outline(joined).contours) == 1

    @pytest.mark.parametrize(
        "line, radii",
        [
            # A sharp turn back, and a line that is broader than it is long.
            ([[0.2, 0.5], [0.8, 0.5], [0.3, 0.52]], [0.05, 0.05, 0.05]),
            ([[0.5, 0.5], [0.51, 0.5], [0.5, 0.51]], [0.2, 0.1, 0.05]),
            ([[0.2, 0.5], [0.2, 0.5], [0.8, 0.5]], [0.01, 0.2, 0.001]),
        ],
    )
    def test_of_awkward_lines(self, line, radii):
        written = hw.Track("一", [line], [radii])
        outline = hw.outline(written, tolerance=0.001)
        grid = np.stack(np.meshgrid(*[np.linspace(0, 1, 40)] * 2), -1).reshape(-1, 2)
        deep = depth(written, grid)
        # A line bends smoothly at its points.
        clear = np.abs(deep) > 0.02
        assert (inside(outline, grid) == (deep > 0))[clear].all()

    def test_mistakes(self, monkeypatch):
        text = sentence(hw.outline, CROSS, tolerance=0)
        assert text.startswith("tolerance is 0")
        monkeypatch.setitem(sys.modules, "pyclipper", None)
        assert "pip install 'hwgen_keras[font]'" in sentence(hw.outline, CROSS)


def test_straight_sides_are_drawn_as_lines():
    pen = RecordingPen()
    hw.outline(track([BAR])).draw(pen)
    operations = [name for name, _ in pen.value]
    assert operations.count("lineTo") == 2
    assert operations[0] == "moveTo" and operations[-1] == "closePath"


def test_a_mirrored_outline_runs_as_before():
    outline = hw.outline(SQUARE)
    mirrored = outline.transformed([[1, 0], [0, -1]], (0, 1))
    assert areas(mirrored) == pytest.approx(areas(outline))
    for contour in mirrored.contours:
        assert contour[1:, 0] == pytest.approx(contour[:-1, 3])


class TestVertical:
    def box(self, character, bounds):
        x0, y0, x1, y1 = bounds
        corners = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
        sides = np.roll(corners, -1, axis=0) - corners
        thirds = sides[:, None] * np.arange(4)[:, None] / 3
        outline = hw.Outline((corners[:, None] + thirds,))
        return vertical_outline(character, outline).bounds

    def test_forms(self):
        forms = [vertical_form(character) for character in "あ一A、ーっ「…—"]
        assert forms == [None] * 3 + [
            *("corner", "mirrored", "small", "turned", "turned", "turned")
        ]

    def test_most_stay(self):
        assert self.box("あ", (0.1, 0.2, 0.3, 0.5)).tolist() == [0.1, 0.2, 0.3, 0.5]

    def test_marks_and_small_kana_move_to_the_upper_right(self):
        low = 0.1, 0.7, 0.3, 0.85
        assert self.box("、", low) == pytest.approx([0.7, 0.15, 0.9, 0.3])
        small = 0.25, 0.5, 0.75, 0.9
        assert self.box("っ", small) == pytest.approx([0.4, 0.1, 0.9, 0.5])

    def test_brackets_turn_and_the_long_mark_runs_down(self):
        # 「 in the upper right becomes a bracket that opens downwards.
        bracket = 0.6, 0.1, 0.9, 0.6
        assert self.box("「", bracket) == pytest.approx([0.4, 0.6, 0.9, 0.9])
        assert self.box("ー", (0.1, 0.4, 0.9, 0.5)) == pytest.approx(
            [0.4, 0.1, 0.5, 0.9]
        )

    def test_without_ink(self):
        empty = hw.Outline(())
        assert vertical_outline("、", empty) is empty


class TestSVG:
    def test_still(self):
        written = hw.PenWriter(1).track("あ")
        root = ElementTree.fromstring(hw.track_svg(written))
        assert root.get("viewBox") == "0 0 1000 1000"
        assert root.find(f"{SVG}title").text == "あ"
        (path,) = root.findall(f"{SVG}path")
        assert path.get("d") == path_data(hw.outline(written))

    def test_the_picture_holds_ink_beyond_the_box(self):
        root = ElementTree.fromstring(hw.track_svg(track([[[0.5, 0], [0.5, 0.5]]])))
        _, y, width, height = map(float, root.get("viewBox").split())
        assert y == pytest.approx(-50, abs=2) and y + height == 1000 and width == 1000

    def test_the_title_is_escaped(self):
        root = ElementTree.fromstring(hw.track_svg(track([BAR], character="&")))
        assert root.find(f"{SVG}title").text == "&"

    def test_moving(self):
        written = hw.PenWriter(1).track("三")
        root = ElementTree.fromstring(hw.track_svg(written, seconds=6))
        pens = [path for path in root.findall(f"{SVG}path") if path.get("class")]
        clips = root.findall(f"{SVG}clipPath")
        names = [f"url(#{clip.get('id')})" for clip in clips]
        assert [pen.get("clip-path") for pen in pens] == names
        assert len(pens) == written.written.sum() + written.joined.sum()
        times = [
            [
                float(part.split(":")[1].rstrip("s"))
                for part in pen.get("style").split(";")
            ]
            for pen in pens
        ]
        assert times[0][0] == 0 and sum(times[-1]) == pytest.approx(6, abs=0.01)
        for (delay, duration), (following, _) in itertools.pairwise(times):
            assert delay + duration < following + 1e-3

    def test_a_pen_takes_its_time(self):
        def seconds(picture):
            pens = ElementTree.fromstring(picture).findall(f"{SVG}path")
            times = pens[-1].get("style").split(";")
            return sum(float(time.split(":")[1].rstrip("s")) for time in times)

        # 0.6 of the box's side and a line's width on the paper, at 4 a second.
        assert seconds(hw.track_svg(track([BAR]), animated=True)) == pytest.approx(
            0.7 / 4, abs=0.01
        )
        one, two = (hw.PenWriter(1).track(c) for c in "一永")
        longer = [seconds(hw.track_svg(each, animated=True)) for each in (one, two)]
        assert longer[1] > 2 * longer[0]
        assert seconds(hw.track_svg(two, 3, animated=True)) == pytest.approx(
            3, abs=0.01
        )

    def test_pictures_of_one_page_share_no_names(self):
        pictures = [
            hw.track_svg(hw.PenWriter(1).track("一", sample), 1) for sample in (0, 1)
        ]
        names = [
            ElementTree.fromstring(picture).find(f"{SVG}clipPath").get("id")
            for picture in pictures
        ]
        assert len(set(names)) == 2

    def test_a_dot_moves_too(self):
        dot = track([[[0.5, 0.5], [0.5, 0.5]]])
        root = ElementTree.fromstring(hw.track_svg(dot, seconds=1))
        (path,) = root.findall(f"{SVG}path")
        assert path.get("d") == "M500.0,500.0L500.1,500.0"

    def test_without_ink(self):
        empty = hw.Track("一", np.zeros((1, 2, 2)), np.zeros((1, 2)))
        for values in ({}, {"seconds": 1}, {"animated": True}):
            root = ElementTree.fromstring(hw.track_svg(empty, **values))
            assert root.find(f"{SVG}title").text == "一"

    def test_mistakes(self):
        assert sentence(hw.track_svg, CROSS, seconds=0).startswith("seconds is 0")
