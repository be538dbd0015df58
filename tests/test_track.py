"""Tracks: the pen's whole way, from simulated writers and from matched samples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hwgen_keras.errors import InputError
from hwgen_keras.sources import PenWriter
from hwgen_keras.sources.ink import stamp
from hwgen_keras.sources.online.matching import match_strokes
from hwgen_keras.sources.online.samples import OnlineSample, Unusable
from hwgen_keras.sources.online.tracks import matched_track
from hwgen_keras.sources.strokes import resample, resample_all, strokes
from hwgen_keras.sources.track import Track

pytestmark = pytest.mark.backend_free


def flat(character, count):
    """A track of level strokes one below the other."""
    x = np.linspace(0.1, 0.9, 5)
    lines = [np.stack([x, np.full(5, 0.2 + 0.2 * i)], -1) for i in range(count)]
    return Track.of_strokes(character, np.stack(lines), np.full((count, 5), 0.02))


def track_of(character, lines, **arguments):
    """The track of lines in any unit, by the matcher."""
    sample = OnlineSample(character, "", tuple(map(np.asarray, lines)), "here")
    match = match_strokes(strokes(character), sample.strokes)
    return matched_track(sample, match, **arguments)


class TestTrack:
    def test_strokes_and_ways_in_turn(self):
        track = flat("三", 3)
        assert track.n == 3 and track.points.shape == (5, 5, 2)
        assert track.points.dtype == track.radii.dtype == np.float32
        np.testing.assert_array_equal(track.strokes, track.points[[0, 2, 4]])
        np.testing.assert_array_equal(track.ways[:, 0], track.strokes[:-1, -1])
        np.testing.assert_array_equal(track.ways[:, -1], track.strokes[1:, 0])
        assert track.written.all() and not track.joined.any()

    @pytest.mark.parametrize(
        ("points", "radii", "message"),
        [
            (np.zeros((3, 4, 3)), np.zeros((3, 4)), "give .lines, P, 2. and"),
            (np.zeros((3, 4, 2)), np.zeros((3, 5)), "give .lines, P, 2. and"),
            (np.zeros((2, 4, 2)), np.zeros((2, 4)), "2 lines of 4 points"),
            (np.zeros((0, 4, 2)), np.zeros((0, 4)), "0 lines of 4 points"),
            (np.zeros((1, 1, 2)), np.zeros((1, 1)), "1 lines of 1 points"),
            (np.full((1, 4, 2), np.nan), np.zeros((1, 4)), "not finite"),
            (np.full((1, 4, 2), 90.0), np.zeros((1, 4)), "far outside its box"),
            (np.zeros((1, 4, 2)), np.full((1, 4), np.inf), "not finite"),
        ],
    )
    def test_refuses_other_arrays(self, points, radii, message):
        with pytest.raises(InputError, match=message):
            Track("一", points, radii)

    def test_more_points_leave_lifted_what_was_lifted(self):
        track = flat("三", 3)
        track.radii[2, 2] = 0
        more = track.resampled(17)
        assert more.points.shape == (5, 17, 2)
        np.testing.assert_allclose(more.points[:, ::4], track.points, atol=1e-6)
        np.testing.assert_array_equal(more.radii[0], track.radii[0, 0])
        np.testing.assert_array_equal(
            np.flatnonzero(more.radii[2]), [*range(5), *range(12, 17)]
        )
        assert not more.joined.any()

    def test_fills_its_box(self):
        ink = flat("二", 2).filling(margin=0.1)
        low, high = (ink.strokes[..., 0].min(), ink.strokes[..., 0].max())
        reach = ink.radii.max()
        np.testing.assert_allclose([low - reach, high + reach], [0.1, 0.9], atol=1e-6)
        middle = (ink.strokes.min((0, 1)) + ink.strokes.max((0, 1))) / 2
        np.testing.assert_allclose(middle, 0.5, atol=1e-6)

    def test_a_small_kana_keeps_its_place(self):
        track = PenWriter(1).track("っ")
        np.testing.assert_allclose(track.filling(0.0).points, track.points, atol=1e-6)

    @pytest.mark.parametrize("character", "っつ、a永")
    def test_a_placed_track_in_its_box_is_not_made_smaller(self, character):
        track = PenWriter(2).track(character).filling()
        for _ in range(3):
            again = track.in_box().filling()
            np.testing.assert_allclose(again.points, track.points, atol=0.02)
            np.testing.assert_allclose(again.radii, track.radii, rtol=0.05)

    def test_without_ink_nothing_moves(self):
        track = Track("一", np.ones((1, 4, 2)), np.zeros((1, 4)))
        assert track.filling() is track and not track.written.any()


class TestSimulated:
    def test_has_the_strokes_of_the_template(self):
        track = PenWriter(3).track("永", points=16)
        assert track.points.shape == (9, 16, 2) and track.written.all()
        assert np.abs(track.strokes.mean(1) - strokes("永").mean(1)).max() < 0.3

    def test_joins_are_ways_with_ink_from_stroke_to_stroke(self):
        tracks = [PenWriter(seed).track("口", points=20) for seed in range(30)]
        joined = [track for track in tracks if track.joined.any()]
        assert 3 < len(joined) < 30
        for track in joined:
            for i in np.flatnonzero(track.joined):
                assert track.inked[2 * i + 1].all()
                np.testing.assert_allclose(track.ways[i, 0], track.strokes[i, -1])
                np.testing.assert_allclose(track.ways[i, -1], track.strokes[i + 1, 0])

    @pytest.mark.parametrize("character", ["永", "っ", "口"])
    def test_is_what_the_writer_draws(self, character):
        for seed in range(5):
            writer = PenWriter(seed)
            track = writer.track(character, sample=1, points=48).filling()
            columns = (64 * track.points, 64 * track.radii)
            (starts, first), (ends, last) = (
                [column[:, part][track.inked] for column in columns]
                for part in (np.s_[:-1], np.s_[1:])
            )
            ink = stamp(starts, ends, first, last, np.ones(len(starts)), 64)
            # The ink of a pencil is grey.
            drawn = (
                writer.draw(character, 64, sample=1) < 255 - 127 * writer.hand.darkness
            )
            assert ((ink > 0.5) == drawn).mean() > 0.98

    def test_refuses_what_has_no_strokes(self):
        with pytest.raises(InputError, match="no strokes"):
            PenWriter(0).track("ﬀ")
        with pytest.raises(InputError, match="points is 1"):
            PenWriter(0).track("あ", points=1)


class TestMatched:
    def test_lies_upon_the_template_in_its_order_and_direction(self):
        template = strokes("永")
        order = [3, 0, 4, 1, 2]
        sample = [500 + 200 * template[i] for i in order]
        sample[2] = sample[2][::-1]
        track = track_of("永", sample, points=48, radius=0.03)
        np.testing.assert_allclose(track.strokes, template, atol=2e-3)
        assert track.written.all() and not track.joined.any()
        np.testing.assert_array_equal(np.unique(track.radii[::2]), np.float32(0.03))

    def test_strokes_written_as_one_are_cut_and_their_way_has_ink(self):
        first, second, third = strokes("三")
        track = track_of("三", [first, np.concatenate([second, third])], points=48)
        np.testing.assert_allclose(track.strokes, strokes("三"), atol=0.03)
        assert track.joined.tolist() == [False, True]
        np.testing.assert_allclose(track.ways[1, 0], second[-1], atol=0.03)
        np.testing.assert_allclose(track.ways[1, -1], third[0], atol=0.03)

    def test_a_joined_line_written_from_its_end(self):
        first, second, third = strokes("三")
        line = np.concatenate([second, third])[::-1]
        track = track_of("三", [first, line], points=48)
        np.testing.assert_allclose(track.strokes, strokes("三"), atol=0.03)
        assert track.joined.tolist() == [False, True]
        np.testing.assert_allclose(track.ways[1, 0], second[-1], atol=0.03)

    def test_ink_between_strokes_that_do_not_follow_each_other_is_theirs(self):
        """The left edge and the bottom of 口, in one line: strokes 0 and 2."""
        left, corner, bottom = strokes("口")
        line = np.concatenate([left, bottom])
        track = track_of("口", [line, corner], points=48)
        assert track.written.all() and not track.joined.any()
        np.testing.assert_allclose(track.strokes[2, -1], bottom[-1], atol=0.05)
        np.testing.assert_allclose(track.strokes[0, -1], track.strokes[2, 0], atol=0.05)

    def test_a_stroke_in_pieces_is_one_and_lifted_in_a_long_gap(self):
        line = strokes("一")[0]
        near = track_of("一", [line[:25], line[25:]])
        assert near.inked.all()
        far = track_of("一", [line[:15], line[30:]])
        assert far.inked[0, :5].all() and far.inked[0, -5:].all()
        assert not far.inked[0, 10:12].any()

    def test_what_is_left_out_is_lifted_where_it_would_stand(self):
        template = strokes("三")
        moved = 3 * template @ np.array([[1.2, 0.1], [0.0, 0.8]])
        track = track_of("三", [moved[0], moved[2]])
        assert track.written.tolist() == [True, False, True]
        assert not track.radii[2].any()
        middles = track.strokes.mean(1)
        np.testing.assert_allclose(middles[1], (middles[0] + middles[2]) / 2, atol=0.05)

    def test_an_added_stroke_is_refused(self):
        lines = strokes("三")
        more = [*lines, np.array([[0.5, 0.1], [0.5, 0.12], [0.9, 0.2], [0.1, 0.3]])]
        with pytest.raises(Unusable, match="1 of its strokes"):
            track_of("三", more)

    def test_refuses_a_radius_that_is_none(self):
        with pytest.raises(InputError, match="radius is 0"):
            track_of("三", strokes("三"), radius=0)


@given(
    arrays(
        np.float64,
        st.tuples(st.integers(1, 4), st.integers(2, 9), st.just(3)),
        elements=st.floats(0, 1, width=16),
    ),
    st.integers(2, 20),
)
def test_lines_resampled_at_once_are_those_of_one_at_a_time(lines, count):
    at_once = resample_all(lines, count)
    for line, expected in zip(
        at_once, (resample(line, count) for line in lines), strict=True
    ):
        np.testing.assert_allclose(line[:, :2], expected[:, :2], atol=1e-9)
