"""The frame of a hand is what changes all of its strokes alike."""

import numpy as np
import pytest
from keras import ops

from hwgen_keras.layers import HandFrame, hand_frame
from hwgen_keras.sources.hand_frames import drawn_frame, framed


def strokes(pairs=60, hands=2, seed=0):
    """Lines of templates in the unit box, (hands, pairs, 6, 2), float32."""
    rng = np.random.default_rng(seed)
    starts = rng.uniform(0.1, 0.9, (hands, pairs, 1, 2))
    steps = rng.normal(0, 0.05, (hands, pairs, 6, 2)).cumsum(2)
    return (starts + steps).astype("float32")


def frame_of(template, written, radius, mask=None, absent=0):
    lines = np.stack([written, written], axis=2).astype("float32")
    radii = np.full(lines.shape[:-1], radius, "float32")
    radii[:, :absent, 0] = 0
    mask = np.ones(template.shape[:2], bool) if mask is None else mask
    return hand_frame(template, lines, radii, mask)


def array(values):
    return ops.convert_to_numpy(values)


MATRIX = np.array([[1.1, -0.2], [0.05, 0.8]], "float32")
SHIFT = np.array([0.03, -0.02], "float32")


def test_many_strokes_tell_matrix_shift_and_pen():
    template = strokes(2000)
    written = 0.5 + (template - 0.5) @ MATRIX.T + SHIFT
    frame = frame_of(template, written, 0.03)
    np.testing.assert_allclose(array(frame.matrix)[0], MATRIX, atol=2e-3)
    np.testing.assert_allclose(array(frame.shift)[1], SHIFT, atol=2e-3)
    np.testing.assert_allclose(array(frame.pen), 0.03, rtol=2e-3)
    np.testing.assert_allclose(array(frame.place(template)), written, atol=3e-3)
    radii = np.full((2, 3, 2, 6), 0.03, "float32")
    thin = array(frame.without_pen(radii))
    np.testing.assert_allclose(thin, 0.02, rtol=2e-3)
    np.testing.assert_allclose(array(frame.with_pen(thin)), radii, rtol=1e-5)


def test_fewer_strokes_change_it_less():
    template = strokes(50)
    written = 0.5 + (template - 0.5) @ MATRIX.T + SHIFT
    far = []
    for count in (0, 1, 8, 50):
        mask = np.arange(50) < np.full((2, 1), count)
        numbers = array(frame_of(template, written, 0.03, mask).numbers())
        far.append(np.abs(numbers).mean())
    assert far[0] < 1e-6
    assert far[0] < far[1] < far[2] < far[3]


def test_what_is_left_out_does_not_count():
    template = strokes(50)
    written = 0.5 + (template - 0.5) @ MATRIX.T
    mask = np.arange(50) >= np.full((2, 1), 10)
    masked = frame_of(template, written, 0.03, mask)
    written[:, :10] += 0.3
    absent = frame_of(template, written, 0.03, absent=10)
    np.testing.assert_allclose(
        array(absent.numbers()), array(masked.numbers()), atol=1e-5
    )


@pytest.mark.parametrize("scale", [0, 0.2])
def test_numbers_and_back(scale):
    numbers = np.random.default_rng(0).normal(0, scale, (3, 7)).astype("float32")
    frame = HandFrame.of_numbers(numbers)
    np.testing.assert_allclose(array(frame.numbers()), numbers, atol=1e-6)


def test_a_new_hand_in_numpy_is_the_frame_of_a_network():
    rng = np.random.default_rng(3)
    mean, deviation = rng.standard_normal(7) / 9, np.full(7, 0.2)
    numbers = drawn_frame(mean, deviation, rng)
    assert numbers.shape == (7,) and numbers.dtype == np.float32
    assert (np.abs(numbers - mean) <= 0.4 + 1e-6).all() and (numbers != mean).all()
    points = rng.uniform(0, 1, (1, 5, 8, 2)).astype("float32")
    radii = rng.uniform(0.01, 0.05, (1, 5, 8)).astype("float32")
    frame = HandFrame.of_numbers(numbers[None])
    expected = array(frame.place(points))[0], array(frame.with_pen(radii))[0]
    for value, other in zip(
        framed(points[0], radii[0], numbers), expected, strict=True
    ):
        np.testing.assert_allclose(value, other, atol=1e-6)
