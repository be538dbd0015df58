"""Characters of a hand in the sizes that they have in a line of text."""

import numpy as np
import pytest

import hwgen_keras as hw
from hwgen_keras.sources.strokes import strokes
from hwgen_keras.sources.text_size import in_text, ink_box

pytestmark = pytest.mark.backend_free

TEXT = "し一鬱っ。あ"


def plain(character, stretch=1.0):
    """KanjiVG's strokes, stretched across, as they fill an image."""
    lines = strokes(character, 24)
    lines = 0.5 + (lines - 0.5) * (stretch, 1 / stretch)
    radii = np.full(lines.shape[:2], 0.01)
    return hw.Track.of_strokes(character, lines, radii).filling().in_box()


def test_plain_strokes_come_back():
    for track in in_text([plain(character) for character in TEXT]):
        expected = strokes(track.character, 24)
        np.testing.assert_allclose(track.strokes, expected, atol=1e-3)


def test_the_pen_is_one_again():
    """In images that are filled by し and by 鬱 one pen looks like two."""
    filled = [plain(character) for character in TEXT]
    assert np.ptp([track.radii.max() for track in filled]) > 0.001
    widths = [track.radii.max() for track in in_text(filled)]
    np.testing.assert_allclose(widths, 0.01, rtol=1e-3)


def test_pens_come_nearer_to_that_of_all():
    thin, thick = plain("国"), plain("目")
    thick = hw.Track("目", thick.points, thick.radii * 1.5)
    before, after = (
        [np.log(track.radii.max()) for track in tracks]
        for tracks in ((thin, thick), in_text([thin, thick]))
    )
    plainly = [
        np.log(track.radii.max()) for track in in_text([plain(c) for c in "国目"])
    ]
    assert np.ptp(plainly) < 1e-3 < np.ptp(before)
    assert np.ptp(after) == pytest.approx(2 / 3 * np.log(1.5), abs=1e-3)
    assert np.mean(after) == pytest.approx(np.log(0.01 * np.sqrt(1.5)), abs=1e-3)


def test_a_wide_hand_is_made_smaller_as_a_whole():
    text = "三口国中し一目"
    wide = in_text([plain(character, 2) for character in text])
    boxes = [ink_box(track) for track in wide]
    assert np.min(boxes) > -1e-6 and np.max(boxes) < 1 + 1e-6
    # One scale for nearly all: the hand's mouth stays smaller than its country.
    height, plainly = (
        {t.character: np.ptp(t.strokes[..., 1]) for t in tracks}
        for tracks in (wide, in_text([plain(character) for character in text]))
    )
    shares = [height[c] / plainly[c] for c in "口国中目"]
    assert max(shares) < 0.7 and np.ptp(shares) < 0.15


def test_a_stroke_that_is_left_out_has_no_part_in_the_size():
    track = plain("三")
    radii = track.radii.copy()
    radii[0] = 0
    (found,) = in_text([hw.Track("三", track.points, radii)])
    np.testing.assert_allclose(found.strokes, strokes("三", 24), atol=1e-3)


def test_no_tracks():
    assert in_text([]) == []


def test_the_tracks_that_tell_how_wide_the_hand_is():
    one, two = plain("国", 2), plain("口")
    by_both, by_one = in_text([one, two]), in_text([one, two], [two])
    np.testing.assert_allclose(by_one[1].strokes, strokes("口", 24), atol=1e-3)
    assert np.ptp(by_both[1].strokes) < 0.95 * np.ptp(by_one[1].strokes)
