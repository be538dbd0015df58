"""The batches that a stroke writer learns from."""

import numpy as np
import pytest

from hwgen_keras.characters import CharacterSet
from hwgen_keras.data import (
    FITTED,
    HandStrokes,
    StrokeStore,
    TrackSampler,
    simulated_tracks,
    template_strokes,
)
from hwgen_keras.data.hand_mixer import mixed
from hwgen_keras.errors import InputError
from hwgen_keras.sources import PenWriter, Track
from hwgen_keras.sources.strokes import strokes

pytestmark = pytest.mark.backend_free

CHARACTERS = CharacterSet("some", "一二口日木本永あいう語")
POINTS = 8


@pytest.fixture(scope="module")
def store():
    return simulated_tracks([1, 2, 3], CHARACTERS, 9, POINTS, workers=1)


@pytest.fixture(scope="module")
def sampler(store):
    return TrackSampler(store, 6, seed=4, pairs=10, samples=5)


def test_simulated_writers_write_their_own_choice(store):
    assert len(store) == 27 and store.points == POINTS
    chosen = [set(store.labels[store.sources == k].tolist()) for k in range(3)]
    assert all(len(labels) == 9 for labels in chosen)
    assert chosen[0] != chosen[1]
    number = store.find(source="pen-0002")[0]
    track = store.track(number)
    again = PenWriter(2).track(track.character, points=POINTS)
    np.testing.assert_allclose(track.points, again.points, atol=1e-4)


def test_a_batch_has_tracks_beside_their_templates(store, sampler):
    for step in range(4):
        batch = sampler.batch(step)
        rows, width = batch["template_mask"].shape
        assert rows == 6 and width % 4 == 0
        assert batch["template"].shape == (6, width, POINTS, 2)
        assert batch["points"].shape == (6, 2 * width - 1, POINTS, 2)
        assert batch["radii"].shape == (6, 2 * width - 1, POINTS)
        assert batch["hand_points"].shape == (3, 10, 2, POINTS, 2)
        counts = batch["template_mask"].sum(1)
        for row, count in enumerate(counts):
            assert batch["template_mask"][row, :count].all()
            assert (batch["radii"][row, 2 * count - 1 :] == 0).all()
            assert (batch["radii"][row, : 2 * count : 2] > 0).all()
            # A hand moves strokes by a little.
            moved = (
                batch["points"][row, : 2 * count : 2] - batch["template"][row, :count]
            )
            assert 0.001 < np.abs(moved).mean() < 0.2


def test_a_batch_depends_on_its_number_and_the_seed(store, sampler):
    again = TrackSampler(store, 6, seed=4, pairs=10, samples=5)
    other = TrackSampler(store, 6, seed=5, pairs=10, samples=5)
    for name, value in sampler.batch(3).items():
        np.testing.assert_array_equal(again.batch(3)[name], value)
    assert any(
        not np.array_equal(x, y)
        for x, y in zip(
            sampler.batch(3).values(), sampler.batch(4).values(), strict=True
        )
    )
    shapes = [
        [s.batch(k)["template"].sum() for k in range(3)] for s in (sampler, other)
    ]
    assert shapes[0] != shapes[1]


def test_two_batches_in_turn_differ_in_width_or_all_are_alike(sampler):
    counts = np.repeat([2, 6, 10, 14], [3, 3, 3, 3])
    few = np.repeat([2, 6], [9, 3])
    for numbers, alike in ((counts, False), (few, True)):
        sampler = object.__new__(TrackSampler)
        sampler.strokes = type("Strokes", (), {"counts": numbers})
        sampler.seed, sampler.batch_size, sampler.rows_of_hand = 0, 2, 1
        sampler.sources = np.zeros(len(numbers), int)
        sampler.weights = np.ones(len(numbers))
        sampler.widths = sampler._widths()
        rng = np.random.default_rng(0)
        widths = [
            int(sampler.widths[sampler.rows(step, rng).ravel()].max())
            for step in range(40)
        ]
        pairs = [a == b for a, b in zip(widths, widths[1:], strict=False)]
        assert all(pairs) if alike else not any(pairs)
        assert set(widths) == set(sampler.widths.tolist())


def test_hands_are_drawn_by_the_weights_of_their_tracks(store):
    weights = np.array([0.0, 1.0, 3.0])[store.sources]
    sampler = TrackSampler(store, 4, pairs=10, samples=5, weights=weights)
    drawn = [
        sampler.sources[sampler.rows(step, np.random.default_rng(step))[:, 0]]
        for step in range(400)
    ]
    shares = np.bincount(np.concatenate(drawn), minlength=3) / np.size(drawn)
    assert shares[0] == 0 and shares[1:] == pytest.approx([0.25, 0.75], abs=0.1)


def test_a_hand_that_varies_does_so_in_all_that_it_wrote(store, sampler):
    varied = TrackSampler(store, 6, seed=4, pairs=10, samples=5, variation=1.0)
    same, other = sampler.batch(3), varied.batch(3)
    for name in ("template", "template_mask", "hand_template", "hand_mask"):
        np.testing.assert_array_equal(same[name], other[name])
    hands = len(same["hand_mask"])
    for points, radii in (("points", "radii"), ("hand_points", "hand_radii")):
        moved = np.abs(other[points] - same[points]).reshape(hands, -1).mean(1)
        assert (moved > 0.003).all() and (moved < 0.3).all()
        inked = same[radii] > 0
        np.testing.assert_array_equal(other[radii] > 0, inked)
        ratio = np.where(inked, other[radii] / np.where(inked, same[radii], 1), np.nan)
        ratio = ratio.reshape(hands, -1)
        # One pen a hand, in what it shows and in what is to be learned.
        assert np.nanstd(ratio, axis=1).max() < 1e-3
        if points == "points":
            pens = np.nanmean(ratio, axis=1)
        np.testing.assert_allclose(np.nanmean(ratio, axis=1), pens, rtol=1e-3)
    assert np.ptp(pens) > 0.05


def test_a_hand_shows_other_characters_of_the_same_writer(store):
    sampler = TrackSampler(store, 6, seed=1, pairs=40, samples=4)
    for step in range(6):
        rng = np.random.default_rng(step)
        rows = sampler.rows(step, rng)
        batch = sampler.batch_of(rows, np.random.default_rng(step))
        for hand, tracks in enumerate(rows):
            own = sampler.sources == sampler.sources[tracks[0]]
            assert (sampler.sources[tracks] == sampler.sources[tracks[0]]).all()
            others = own & ~np.isin(sampler.labels, sampler.labels[tracks])
            allowed = np.concatenate(
                [
                    sampler.strokes.lines[first : first + count, 0]
                    for first, count in zip(
                        sampler.strokes.first[others],
                        sampler.strokes.counts[others],
                        strict=True,
                    )
                ]
            )
            shown = batch["hand_points"][hand, :, 0][batch["hand_mask"][hand]]
            distances = np.abs(shown[:, None] - allowed[None]).max((2, 3))
            assert (distances.min(1) == 0).all()


def test_of_many_strokes_some_are_drawn_and_of_few_all():
    tracks = [PenWriter(1).track(c, points=POINTS).filling() for c in "口日木"]
    strokes = HandStrokes(tracks)
    assert strokes.counts.tolist() == [3, 4, 4]
    rng = np.random.default_rng(0)
    all_of_them = strokes.pairs(np.array([[2, -1, 0]]), 9, rng)
    assert all_of_them["hand_mask"].tolist() == [[True] * 7 + [False] * 2]
    expected = np.concatenate([strokes.lines[7:11], strokes.lines[:3]])
    np.testing.assert_array_equal(all_of_them["hand_points"][0, :7], expected)
    some = strokes.pairs(np.array([[0, 1, 2], [-1, -1, -1]]), 5, rng)
    assert some["hand_mask"].tolist() == [[True] * 5, [False] * 5]
    drawn = some["hand_points"][0]
    assert len({line.tobytes() for line in drawn}) == 5
    # The way after the last stroke of a character is lifted.
    last = strokes.radii[strokes.first + strokes.counts - 1, 1]
    assert (last == 0).all()


def test_a_template_fills_the_box_and_small_kana_keep_their_place():
    box = template_strokes("口", POINTS)
    assert box.shape == (3, POINTS, 2) and not box.flags.writeable
    side = np.ptp(box.reshape(-1, 2), axis=0).max()
    assert side == pytest.approx(1 - 2 * 0.08, abs=0.06)
    small = template_strokes("っ", POINTS)
    np.testing.assert_allclose(
        np.ptp(small, axis=1), 0.84 * np.ptp(strokes("っ", POINTS), axis=1), atol=1e-5
    )


def test_mistakes_get_one_sentence(store):
    lines = np.zeros((4, POINTS, 2)) + np.linspace(0.1, 0.9, POINTS)[:, None]
    wrong = Track.of_strokes("口", lines, np.full((4, POINTS), 0.02))
    broken = StrokeStore.of_tracks([wrong], ["hanako"], 0)
    with pytest.raises(InputError, match="A track of 口 has 4 strokes and KanjiVG 3;"):
        TrackSampler(broken, 2)
    with pytest.raises(
        InputError, match="pairs is 0; give a whole number of 1 or more"
    ):
        TrackSampler(store, 2, pairs=0)
    with pytest.raises(InputError, match="seed is -1"):
        TrackSampler(store, 2, seed=-1)


def pens(*radii, without=""):
    """A store of hands that write the templates, each with its own pen.

    The last one lacks the characters of `without`.
    """
    tracks, names = [], []
    for number, radius in enumerate(radii):
        for character in CHARACTERS:
            if number == len(radii) - 1 and character in without:
                continue
            lines = template_strokes(character, POINTS)
            along = np.full(lines.shape[:2], radius)
            tracks.append(Track.of_strokes(character, lines, along))
            names.append(f"pen {number}")
    return StrokeStore.of_tracks(tracks, names, FITTED)


def batch_of_pens(store, mixed_hands):
    sampler = TrackSampler(
        store, 64, seed=2, pairs=20, samples=4, mixed_hands=mixed_hands
    )
    batch = sampler.batch(1)
    shown = batch["hand_radii"] * batch["hand_mask"][:, :, None, None]
    # Half widths of what is to be learned and of what is shown: a row for each hand.
    return [
        np.where(radii > 0, radii, np.nan).reshape(len(shown), -1)
        for radii in (batch["radii"], shown)
    ]


def test_a_mixed_hand_is_one_pen_in_all_that_it_wrote():
    learned, shown = batch_of_pens(pens(0.01, 0.02), 0.5)
    pen = np.nanmean(learned, axis=1)
    # The boxes of characters are filled by lines of any width: a little is left.
    assert np.nanmax(np.nanstd(learned, axis=1) / pen) < 0.03
    # A hand of which all characters are to be learned shows none.
    some = ~np.isnan(shown).all(1)
    assert some.sum() > 3
    np.testing.assert_allclose(np.nanmean(shown[some], axis=1), pen[some], rtol=0.03)
    alone = np.isclose(pen, 0.01, rtol=0.03) | np.isclose(pen, 0.02, rtol=0.03)
    between = (pen > 0.0104) & (pen < 0.0192)
    assert alone.any() and between.any() and (alone | between).all()


def test_hands_are_mixed_with_those_of_the_same_characters_alone():
    def mixed(without):
        pen = np.nanmean(batch_of_pens(pens(0.01, 0.02, without=without), 1.0)[0], 1)
        return ((pen > 0.0104) & (pen < 0.0192)).any()

    assert mixed(CHARACTERS[5:])
    # The first hand's characters are not half known, though all of the second's are.
    store = pens(0.01, 0.02, without=CHARACTERS[4:])
    sampler = TrackSampler(store, 8, mixed_hands=1.0)
    assert sampler.mixer.partners.tolist() == [[False, False], [True, False]]


def test_a_mixed_hand_shows_what_both_wrote():
    store = pens(0.01, 0.02, without="語本")
    sampler = TrackSampler(store, 8, pairs=40, samples=9, mixed_hands=1.0)
    few, counts = template_strokes("語", POINTS), []
    for step in range(10):
        rng = np.random.default_rng(step)
        rows = np.flatnonzero(sampler.labels == store.characters.index("一"))[:1]
        batch = sampler.batch_of(rows[:, None], rng)
        shown = batch["hand_template"][batch["hand_mask"]]
        counts.append(len(shown))
        assert not (shown[:, None] == few).all((2, 3)).any()
    assert sum(counts) > 40


def test_hands_that_cannot_be_mixed_are_named():
    with pytest.raises(InputError, match="mixed_hands is 0.5, and no hand wrote half"):
        TrackSampler(pens(0.01), 4, mixed_hands=0.5)


def test_lines_of_two_hands_are_mixed_by_their_share():
    rng = np.random.default_rng(0)
    one, other = (
        (rng.random((3, 2, 5, 2), "float32"), 0.01 + rng.random((3, 2, 5), "float32"))
        for _ in range(2)
    )
    # The second line of the first stroke is a way that only one hand has.
    other[1][0, 1] = 0
    # The pens are down for a part of these.
    one[1][1, 0, :2] = other[1][1, 0, 3] = 0
    lines, radii = mixed(one, other, np.float32([[0.25], [0.5], [0]]))
    np.testing.assert_allclose(lines[0, 0], 0.75 * one[0][0, 0] + 0.25 * other[0][0, 0])
    means = np.sqrt(one[1][1] * other[1][1])
    means[0, 3] = one[1][1, 0, 3]
    np.testing.assert_allclose(radii[1], means, rtol=1e-5)
    for place in ((0, 1), (2, 0), (2, 1)):
        np.testing.assert_array_equal(lines[place], one[0][place])
        np.testing.assert_array_equal(radii[place], one[1][place])


@pytest.mark.parametrize("share", [-0.1, 1.5, "half", None])
def test_a_share_of_mixed_hands_out_of_range_is_named(store, share):
    with pytest.raises(InputError, match="mixed_hands is .*; give a number from 0 to"):
        TrackSampler(store, 4, mixed_hands=share)
