"""Strokes become the pixels that the simulated writers draw, with gradients."""

import networks
import numpy as np
import pytest
from keras import ops

from hwgen_keras.backend import vjp
from hwgen_keras.layers import QuickStrokeRenderer, StrokeRenderer
from hwgen_keras.layers.strokes import stroke_field
from hwgen_keras.sources.ink import stamp

# `stamp` draws discs half a pixel or more from each other, so its thin lines are wavy:
# this share of full ink at one pixel, {image size: …}.
TOLERANCES = {24: 0.2, 64: 0.1, 109: 0.1}
STEP = 1e-4


def lines(seed, strokes=5, points=9, batch=2):
    """Points and radii that change by as much as a brush does."""
    rng = np.random.default_rng(seed)
    place = np.cumsum(rng.normal(0, 0.08, (batch, strokes, points, 2)), axis=2)
    place += rng.uniform(0.2, 0.8, (batch, strokes, 1, 2))
    radii = rng.uniform(0.01, 0.05, (batch, strokes, points))
    # `stamp` draws what lies beyond the edge upon it.
    place = np.clip(place, 0.05, 0.95)
    return {"points": place.astype("float32"), "radii": radii.astype("float32")}


def stamped(points, radii, size):
    ends = size * points[:, :-1].reshape(-1, 2), size * points[:, 1:].reshape(-1, 2)
    widths = size * radii[:, :-1].ravel(), size * radii[:, 1:].ravel()
    return stamp(*ends, *widths, np.ones(len(widths[0])), size)


@pytest.mark.parametrize("size, tolerance", TOLERANCES.items())
def test_the_ink_is_that_of_the_simulated_writers(size, tolerance):
    drawn = lines(0)
    images = ops.convert_to_numpy(StrokeRenderer(size)(drawn))[..., 0]
    for image, points, radii in zip(images, *drawn.values(), strict=True):
        expected = 1 - 2 * stamped(points, radii, size)
        assert np.abs(image - expected).max() < 2 * tolerance
        assert np.abs(image - expected).mean() < 0.01


def test_the_field_is_a_distance():
    points = np.array([[[[0.25, 0.5], [0.75, 0.5]]]], "float32")
    radii = np.full((1, 1, 2), 0.125, "float32")
    field = ops.convert_to_numpy(stroke_field(points, radii, 16))[0]
    # A pixel in the middle of the line, beside it, beyond its end, and at a corner.
    assert field[7, 8] == pytest.approx(2 - 0.5, abs=1e-3)
    assert field[0, 8] == pytest.approx(2 - 7.5, abs=1e-3)
    assert field[8, 15] == pytest.approx(2 - np.hypot(3.5, 0.5), abs=1e-3)
    assert field[0, 0] == pytest.approx(2 - np.hypot(3.5, 7.5), abs=1e-3)


def test_a_line_that_tapers_reaches_as_far_as_its_widest_disc():
    points = np.array([[[[0.2, 0.5], [0.8, 0.5]]]], "float32")
    radii = np.array([[[0.15, 0.02]]], "float32")
    field = ops.convert_to_numpy(stroke_field(points, radii, 64))[0]
    t = np.linspace(0, 1, 2001)[:, None, None]
    y, x = np.mgrid[:64, :64] + 0.5
    discs = 64 * (0.15 - 0.13 * t) - np.hypot(x - 64 * (0.2 + 0.6 * t), y - 32)
    np.testing.assert_allclose(field, discs.max(0), atol=0.01)


def test_a_lifted_pen_and_strokes_that_fill_a_batch_leave_no_ink():
    drawn = lines(1)
    alone = {name: values[:, :3] for name, values in drawn.items()}
    filled = {**drawn, "radii": drawn["radii"].copy()}
    filled["radii"][:, 3:] = 0
    renderer = StrokeRenderer(32)
    first, second = (ops.convert_to_numpy(renderer(x)) for x in (alone, filled))
    np.testing.assert_array_equal(first, second)
    nothing = {**drawn, "radii": np.zeros_like(drawn["radii"])}
    assert (ops.convert_to_numpy(renderer(nothing)) == 1).all()


def gradients_of(renderer, drawn, cotangent):
    """The image, and the gradients of its product with `cotangent`."""

    def function():
        tensors = [ops.convert_to_tensor(values) for values in drawn.values()]
        outputs, pullback = vjp(
            lambda points, radii: [renderer({"points": points, "radii": radii})],
            tensors,
        )
        return outputs[0], pullback([ops.convert_to_tensor(cotangent)])[0]

    return networks.evaluate(function, [])


def test_gradients_are_those_of_differences():
    drawn = lines(2, strokes=2, points=3, batch=1)
    renderer = StrokeRenderer(12, softness=2.0)
    rng = np.random.default_rng(0)
    cotangent = rng.normal(size=(1, 12, 12, 1)).astype("float32")
    _, gradients = gradients_of(renderer, drawn, cotangent)
    for (name, values), gradient in zip(drawn.items(), gradients, strict=True):
        direction = rng.normal(size=values.shape)
        direction /= np.linalg.norm(direction)
        low, high = (
            ops.convert_to_numpy(
                renderer({**drawn, name: (values + step * direction).astype("float32")})
            )
            for step in (-STEP, STEP)
        )
        slope = float(np.sum(cotangent * (high - low))) / (2 * STEP)
        expected = float(np.sum(gradient * direction))
        assert slope == pytest.approx(expected, rel=0.02)
        assert np.abs(gradient).max() > 0.1


def test_points_under_pixels_and_strokes_without_length_have_finite_gradients():
    points = np.full((1, 1, 3, 2), 0.5 + 1 / 64, "float32")
    drawn = {"points": points, "radii": np.full((1, 1, 3), 0.1, "float32")}
    cotangent = np.ones((1, 32, 32, 1), "float32")
    image, gradients = gradients_of(StrokeRenderer(32), drawn, cotangent)
    assert np.isfinite(image).all()
    assert all(np.isfinite(gradient).all() for gradient in gradients)


def test_a_compiled_model_draws_the_same():
    drawn = lines(3, strokes=7, points=6)
    renderer = StrokeRenderer(32)
    expected = ops.convert_to_numpy(renderer(drawn))
    draw = networks.compiled(
        lambda points, radii: renderer({"points": points, "radii": radii})
    )
    written = ops.convert_to_numpy(draw(drawn["points"], drawn["radii"]))
    np.testing.assert_allclose(written, expected, atol=1e-4)


@pytest.mark.parametrize("factor", [0.5, 1.0, 4.0])
def test_the_quick_renderer_draws_the_same(factor):
    """Pens of a width for small squares, for larger ones, and for the whole image."""
    drawn = lines(4, strokes=7, points=9)
    drawn["radii"] = (factor * drawn["radii"]).astype("float32")
    drawn["radii"][:, 3] = 0
    expected = ops.convert_to_numpy(StrokeRenderer(48)(drawn))
    renderer = QuickStrokeRenderer(48)
    draw = networks.compiled(
        lambda points, radii: renderer({"points": points, "radii": radii})
    )
    np.testing.assert_allclose(draw(*drawn.values()), expected, atol=1e-4)
    copy = QuickStrokeRenderer.from_config(renderer.get_config())
    assert copy.image_size == 48 and copy.softness is None
