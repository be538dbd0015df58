"""Tracks become numbers and come back."""

import numpy as np
import pytest
from keras import ops

from hwgen_keras.errors import InputError
from hwgen_keras.layers import TrackFeatures, by_stroke

POINTS = 9
EXACT = {
    "points": POINTS,
    "coefficients": POINTS,
    "way_coefficients": POINTS - 2,
    "radius_coefficients": POINTS,
    "way_radius_coefficients": POINTS,
}


def tracks(batch=3, strokes=4, seed=0):
    """Templates, and tracks of which the first way is joined, the second straight."""
    rng = np.random.default_rng(seed)
    template = np.cumsum(rng.normal(0, 0.05, (batch, strokes, POINTS, 2)), axis=2) + 0.5
    points = np.zeros((batch, 2 * strokes - 1, POINTS, 2))
    points[:, ::2] = template + rng.normal(0, 0.05, template.shape)
    t = np.linspace(0, 1, POINTS)[:, None]
    ends, starts = points[:, :-1:2, -1:], points[:, 2::2, :1]
    points[:, 1::2] = (1 - t) * ends + t * starts
    points[:, 1, 1:-1] += rng.normal(0, 0.02, (batch, POINTS - 2, 2))
    radii = rng.uniform(0.01, 0.03, points.shape[:-1])
    radii[:, 3::2] = 0
    return tuple(x.astype("float32") for x in (template, points, radii))


def layer(**arguments):
    features = TrackFeatures(**{**EXACT, **arguments})
    features.build()
    return features


def numbers(features, template, points, radii):
    return features.encode(template, *by_stroke(points, radii))


def decoded(features, template, coded, mask=None):
    mask = np.ones(template.shape[:2], bool) if mask is None else mask
    return [ops.convert_to_numpy(x) for x in features.decode(template, coded, mask)]


def adapted(features, template, points, radii):
    mask = np.ones(template.shape[:2], bool)
    features.adapt([(template, *by_stroke(points, radii), mask)])
    return features


@pytest.mark.parametrize("whitened", [False, True])
def test_all_coefficients_bring_a_track_back(whitened):
    template, points, radii = tracks()
    features = layer()
    if whitened:
        adapted(features, template, points, radii)
    coded = numbers(features, template, points, radii)
    assert coded.shape == (3, 4, features.width)
    actual_points, actual_radii = decoded(features, template, coded)
    np.testing.assert_allclose(actual_points, points, atol=2e-6)
    np.testing.assert_allclose(actual_radii, radii, atol=1e-6)
    assert (actual_radii[:, 3::2] == 0).all()


def test_fewer_coefficients_give_the_nearest_smooth_track():
    template, points, radii = tracks()
    errors = []
    for count in (2, 4, 8):
        features = layer(coefficients=count)
        coded = numbers(features, template, points, radii)
        smooth, widths = decoded(features, template, coded)
        errors.append(np.square(smooth - points)[:, ::2].mean())
        # A smooth track is its own nearest one.
        again = numbers(features, template, smooth, widths)
        np.testing.assert_allclose(
            ops.convert_to_numpy(again), ops.convert_to_numpy(coded), atol=1e-4
        )
    assert errors[0] > errors[1] > errors[2] > 0
    # The mean of nine points is kept by the fewest numbers.
    features = layer(coefficients=1)
    coded = numbers(features, template, points, radii)
    smooth, _ = decoded(features, template, coded)
    np.testing.assert_allclose(
        smooth[:, ::2].mean(2), points[:, ::2].mean(2), atol=1e-5
    )


def test_a_way_begins_where_its_stroke_ends():
    features = layer(coefficients=2, way_coefficients=1)
    template, points, radii = tracks()
    rng = np.random.default_rng(1)
    coded = rng.standard_normal((3, 4, features.width)).astype("float32")
    lines, _ = decoded(features, template, coded)
    np.testing.assert_allclose(lines[:, 1::2, 0], lines[:, :-1:2, -1], atol=1e-6)
    np.testing.assert_allclose(lines[:, 1::2, -1], lines[:, 2::2, 0], atol=1e-6)


def test_whitened_numbers_have_mean_0_and_deviation_1():
    template, points, radii = tracks(batch=40)
    features = adapted(layer(), template, points, radii)
    coded = ops.convert_to_numpy(numbers(features, template, points, radii))
    known = np.split(coded, np.cumsum(features.sizes)[:-1], axis=-1)
    moves, bends, widths, way_widths, present, joined = known
    for part in (moves, widths, bends[:, 0], way_widths[:, 0]):
        part = part.reshape(-1, part.shape[-1])
        np.testing.assert_allclose(part.mean(0), 0, atol=1e-3)
        np.testing.assert_allclose(part.std(0), 1, atol=1e-3)
    # What a lifted pen leaves open is 0.
    assert (bends[:, 1:] == 0).all() and (way_widths[:, 1:] == 0).all()
    assert (present == 1).all()
    assert (joined[:, 0] == 1).all() and (joined[:, 1:] == -1).all()


def test_strokes_are_left_out_and_padding_leaves_no_ink():
    template, points, radii = tracks()
    radii[0, 2] = 0
    features = layer()
    coded = numbers(features, template, points, radii)
    _, widths = decoded(features, template, coded)
    assert (widths[0, 2] == 0).all() and (widths[1, 2] > 0).all()
    mask = np.array([[True] * 4, [True, True, False, False], [True] + [False] * 3])
    lines, widths = decoded(features, template, coded, mask)
    assert (widths[1, 3:] == 0).all() and (widths[1, :3] > 0).all()
    assert (widths[2, 1:] == 0).all() and (widths[2, 0] > 0).all()
    np.testing.assert_allclose(lines[1, :3], points[1, :3], atol=2e-6)


def test_a_character_without_a_stroke_has_its_likeliest():
    template, points, radii = tracks()
    features = layer()
    coded = ops.convert_to_numpy(numbers(features, template, points, radii)).copy()
    # The number before the last says whether a stroke is present.
    coded[..., -2] = [-0.5, -0.2, -1.5, 0.9]
    coded[1, :, -2] = [-0.5, 0.2, -1.5, 0.3]
    coded[..., -1] = -1
    mask = np.ones(template.shape[:2], bool)
    mask[:, 3] = False
    _, widths = decoded(features, template, coded, mask)
    inked = (widths[:, ::2] > 0).any(2)
    likeliest = [False, True, False, False]
    assert inked.tolist() == [likeliest, likeliest, likeliest]
    coded[1, 0, -2] = 0.1
    _, widths = decoded(features, template, coded, mask)
    assert (widths[1, ::2] > 0).any(1).tolist() == [True, True, False, False]


def test_mistakes_get_one_sentence():
    with pytest.raises(InputError, match="way_coefficients is 8; lines of 9 points"):
        layer(way_coefficients=8)
    with pytest.raises(InputError, match="coefficients is 0; give a whole number of 1"):
        layer(coefficients=0)
    with pytest.raises(InputError, match="The batches have no stroke"):
        layer().adapt([])
