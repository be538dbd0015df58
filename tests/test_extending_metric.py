"""A metric of one's own in the table of measure_generated."""

import numpy as np
import pytest

from hwgen_keras.evaluation import Readings, compare_sets, generated

pytestmark = pytest.mark.backend_free


def ink(images):
    """The share of an image that is ink.

    Args:
        images: uint8 (n, height, width); 0 is ink, 255 paper.

    Returns:
        Shares, float (n,), 0 to 1.
    """
    return 1 - np.mean(images, axis=(1, 2)) / 255


def ink_measure(sets):
    """The mean ink of both sets."""
    values = [100 * ink(each.images).mean() for each in (sets.generated, sets.real)]
    return {"ink %": sets.row(values)}


def readings(rng, grey):
    """Twelve images of one grey: two characters by two writers."""
    images = np.full((12, 8, 8), grey, "uint8")
    labels, writers = np.tile([0, 1], 6), np.repeat(["a", "b"], 6)
    scores, features = rng.standard_normal((12, 2)), rng.standard_normal((12, 4))
    return Readings(images, labels, scores, features, writers)


def test_the_table_has_another_row(rng, monkeypatch):
    made, real = readings(rng, 51), readings(rng, 204)
    before, _ = compare_sets(made, real)
    monkeypatch.setattr(generated, "MEASURES", [*generated.MEASURES, ink_measure])
    after, _ = compare_sets(made, real)
    assert list(after) == [*before, "ink %"]
    row = after.pop("ink %")
    assert after == before
    assert row["generated"] == pytest.approx(80) and row["real"] == pytest.approx(20)
    assert row["images"] == [12, 12]
