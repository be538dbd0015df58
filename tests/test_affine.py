"""affine_matrix: where margins, rotation and shear put the input of a row."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwgen_keras.data import affine_matrix

pytestmark = pytest.mark.backend_free


def apply(affine, x, y):
    a, b, c, d, e, f = affine.astype(float)
    return a * x + b * y + c, d * x + e * y + f


def test_without_margins_the_map_is_the_identity():
    np.testing.assert_allclose(
        affine_matrix(64, [[0, 0, 0, 0]]), [[1, 0, 0, 0, 1, 0]], atol=1e-6
    )


@settings(deadline=None)
@given(
    st.lists(st.floats(0, 0.4), min_size=4, max_size=4),
    st.integers(8, 300),
    st.integers(8, 300),
)
def test_the_corners_of_the_ink_come_from_the_margins(margins, output, size):
    (affine,) = affine_matrix(output, [margins], input_size=size)
    left, top, right, bottom = np.array(margins) * output
    # Edges of pixels lie half a pixel beside their centres.
    x, y = apply(affine, left - 0.5, top - 0.5)
    np.testing.assert_allclose([x, y], -0.5, atol=1e-3)
    x, y = apply(affine, output - right - 0.5, output - bottom - 0.5)
    np.testing.assert_allclose([x, y], size - 0.5, atol=1e-3)


def test_a_rotation_turns_counter_clockwise_about_the_centre():
    (affine,) = affine_matrix(65, [[0, 0, 0, 0]], angle_degrees=90)
    np.testing.assert_allclose(apply(affine, 32, 32), (32, 32), atol=1e-4)
    # What is seen at the top of the output was at the right of the input.
    np.testing.assert_allclose(apply(affine, 32, 0), (64, 32), atol=1e-4)


def test_a_shear_leans_to_the_right():
    (affine,) = affine_matrix(65, [[0, 0, 0, 0]], shear=0.5)
    np.testing.assert_allclose(apply(affine, 32, 32), (32, 32), atol=1e-4)
    # The point 32 above the centre came 16 to the right.
    np.testing.assert_allclose(apply(affine, 48, 0), (32, 0), atol=1e-4)


def test_a_row_a_map():
    affine = affine_matrix(32, np.full((3, 4), 0.1), np.array([0, 5, 10]))
    assert affine.shape == (3, 6) and affine.dtype == np.float32
    np.testing.assert_allclose(
        np.degrees(np.arctan2(-affine[:, 1], affine[:, 0])), [0, 5, 10], atol=1e-4
    )
