"""Strokes are matched whatever their order, direction and number."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwgen_keras.sources.online.matching import match_strokes
from hwgen_keras.sources.strokes import strokes

pytestmark = pytest.mark.backend_free

KANJI = "永"


def pairs(match):
    """{the template's strokes of a group: the sample's}, without directions."""
    return {
        tuple(i for i, _ in group.template): tuple(i for i, _ in group.sample)
        for group in match.groups
    }


def moved(lines, seed=0):
    """The strokes slanted, stretched, a little bent, and in another unit."""
    rng = np.random.default_rng(seed)
    matrix = np.array([[1.1, 0.0], [-0.15, 0.9]])
    shifts = rng.normal(0, 0.01, (len(lines), 1, 2))
    return [
        300 * (line @ matrix + shift) for line, shift in zip(lines, shifts, strict=True)
    ]


@settings(max_examples=15, deadline=None)
@given(order=st.permutations(range(len(strokes(KANJI)))), data=st.data())
def test_another_order_and_direction(order, data):
    template = strokes(KANJI)
    # The first is a dot, whose direction does not matter.
    backwards = data.draw(st.sets(st.sampled_from(range(1, len(template))), max_size=2))
    written = moved(template)
    sample = [written[i][::-1] if i in backwards else written[i] for i in order]
    match = match_strokes(template, sample)
    assert match.complete and match.distance < 0.05
    found = {g.template[0][0]: g.sample[0] for g in match.groups}
    assert {i: order[j] for i, (j, _) in found.items()} == {i: i for i in found}
    assert {i for i, (_, reverse) in found.items() if reverse} == backwards


def test_two_strokes_written_as_one():
    template = strokes("口")
    sample = moved(template)
    joined = [sample[0], np.concatenate([sample[1], sample[2]])]
    match = match_strokes(template, joined)
    assert match.complete
    assert pairs(match) == {(0,): (0,), (1, 2): (1,)}


def test_one_stroke_written_as_two_in_any_order():
    template = strokes("口")
    sample = moved(template)
    # The corner of the second stroke, written from below first.
    first, second = sample[1][:24], sample[1][23:]
    match = match_strokes(template, [sample[0], second[::-1], first, sample[2]])
    assert match.complete
    assert pairs(match)[(1,)] == (2, 1)
    (group,) = (g for g in match.groups if len(g.sample) == 2)
    assert [reverse for _, reverse in group.sample] == [False, True]


def test_a_stroke_that_is_left_out_and_one_that_is_added():
    template = strokes("三")
    sample = moved(template)
    less = match_strokes(template, [sample[0], sample[2]])
    assert (less.left_out, less.added) == ([1], [])
    assert pairs(less) == {(0,): (0,), (2,): (1,)}
    line = np.array([[100.0, 0.0], [120.0, 50.0]])
    more = match_strokes(template, [*sample, line])
    assert (more.left_out, more.added) == ([], [len(sample)])


def test_specks_and_what_is_drawn_twice_are_ignored():
    template = strokes("三")
    sample = moved(template)
    speck = np.array([[10.0, 10.0], [12.0, 11.0]])
    again = sample[1][10:30] + 3
    match = match_strokes(template, [*sample, speck, again])
    assert match.complete and match.ignored == [3, 4]
    assert pairs(match) == {(i,): (i,) for i in range(3)}


def test_a_hook_of_its_own_belongs_to_the_stroke_it_ends():
    template = strokes("ノ")
    (line,) = moved(template)
    hook = line[:1] + np.array([[-40.0, -10.0], [-2.0, 2.0]])
    match = match_strokes(template, [line, hook])
    assert match.complete and pairs(match) == {(0,): (1, 0)}


def test_a_stroke_that_ran_into_another_one_is_found():
    template = strokes("ワ")
    line = np.concatenate([template[0][::-1][6:], template[1]])
    match = match_strokes(template, moved([line]))
    assert match.complete and pairs(match) == {(0, 1): (0,)}


def test_strokes_of_one_point_and_of_one_place():
    match = match_strokes(strokes("一"), [np.zeros((1, 2))])
    assert match.distance >= 0 and len(match.groups) + len(match.left_out) >= 1


def test_the_half_of_a_stroke_that_was_written_apart_is_found():
    """Alone the first half would be stretched to the place of the whole stroke."""
    template = strokes("二")
    first, second = moved(template)
    pieces = [first, second[:30], second[29:]]
    match = match_strokes(template, pieces)
    assert match.complete and pairs(match) == {(0,): (0,), (1,): (1, 2)}
