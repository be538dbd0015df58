"""A stroke writer of a few thousand weights, and its inputs."""

import numpy as np
from networks import CLASSES, draw_weights

from hwgen_keras.layers import EmbeddingCondition
from hwgen_keras.models import StrokeDiffusion, StrokeTransformer, StrokeWriter

POINTS, STROKES, PAIRS = 8, 3, 5


def writer_network(condition=None, policy="float32", **settings):
    """A network; `condition` is None or "embedding"."""
    if condition == "embedding":
        condition = EmbeddingCondition(CLASSES, 16, 8, dtype=policy, name="condition")
    arguments = {
        **{"width": 16, "depth": 2, "heads": 2, "points": POINTS},
        **{"coefficients": 4, "way_coefficients": 2, **settings},
    }
    return StrokeTransformer(condition=condition, dtype=policy, **arguments)


def stroke_writer(condition=None, policy="float32", steps=3, points=POINTS, **settings):
    """Its weights are drawn, those of the last layer too."""
    network = writer_network(condition, policy, points=points)
    writer = StrokeWriter(network, steps=steps, dtype=policy, **settings)
    writer.build()
    draw_weights(writer)
    set_features(writer)
    return writer


def set_features(writer):
    """Displacements of a tenth of the box, lines of about a fiftieth."""
    features = writer.network.track_features
    mean = np.zeros(features.width, "float32")
    deviation = np.full(features.width, 0.1, "float32")
    mean[sum(features.sizes[:2])] = np.log(0.02)
    mean[sum(features.sizes[:3])] = np.log(0.02)
    deviation[-2:] = 1
    mean[-2] = 2  # Few strokes are left out.
    features.mean.assign(mean)
    features.deviation.assign(deviation)


def stroke_diffusion(condition=None, policy="float32", **settings):
    """Trains a `stroke_writer`."""
    model = StrokeDiffusion(stroke_writer(condition, policy), dtype=policy, **settings)
    model.build()
    return model


def lines(rng, *shape):
    """Smooth lines near the middle of the box, (*shape, P, 2)."""
    steps = rng.normal(0, 0.05, (*shape, POINTS, 2))
    return (0.5 + np.cumsum(steps, axis=-2)).astype("float32")


def writer_inputs(count=2, strokes=STROKES, seed=0, hand=True):
    """Templates, of which the second lacks its last stroke, noise and a hand."""
    rng = np.random.default_rng(seed)
    mask = np.ones((count, strokes), bool)
    mask[1:, -1] = False
    features = writer_network().features
    inputs = {
        "template": lines(rng, count, strokes),
        "template_mask": mask,
        "noise": rng.standard_normal((count, strokes, features), "float32"),
        "label": (np.arange(count) % CLASSES).astype("int32"),
    }
    if hand:
        shown = np.ones((count, PAIRS), bool)
        shown[:, 3:] = False
        radii = rng.uniform(0.01, 0.03, (count, PAIRS, 2, POINTS)).astype("float32")
        radii[:, ::2, 1] = 0
        inputs |= {
            "hand_template": lines(rng, count, PAIRS),
            "hand_points": lines(rng, count, PAIRS, 2),
            "hand_radii": radii,
            "hand_mask": shown,
        }
    return inputs


def track_batch(count=4, strokes=STROKES, seed=0):
    """The data of a `StrokeDiffusion`."""
    rng = np.random.default_rng(seed + 100)
    data = writer_inputs(count, strokes, seed)
    del data["noise"]
    points = lines(rng, count, 2 * strokes - 1)
    radii = rng.uniform(0.01, 0.03, points.shape[:-1]).astype("float32")
    radii[:, 1] = 0
    return {**data, "points": points, "radii": radii}
