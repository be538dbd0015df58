"""Near-duplicates are looked for within a character, and not across characters."""

import numpy as np
import pytest

from hwgen_keras import evaluation
from hwgen_keras.generation import Gate
from hwgen_keras.sources import PenWriter

pytestmark = pytest.mark.backend_free

# Two characters may look alike, as へ and ヘ do.
IMAGE = PenWriter(seed=1).draw("か", image_size=48)
OTHER = PenWriter(seed=1).draw("う", image_size=48)


def test_the_gate_rejects_copies_of_one_character():
    judge = Gate(reject_duplicates=True).judge()
    reasons, _ = judge(np.stack([IMAGE, IMAGE, OTHER]), np.array([0, 1, 1]))
    assert reasons == [None, None, None]
    # Also of images that came before.
    reasons, _ = judge(np.stack([IMAGE, OTHER, OTHER]), np.array([1, 0, 1]))
    assert reasons == ["duplicate", None, "duplicate"]


def test_a_rejected_image_is_no_original():
    """Nor is one that is not read: its copy may come in its place."""
    odds = iter([[0.1], [0.9]])
    gate = Gate(lambda *_: np.array(next(odds)), 0.5, reject_duplicates=True)
    judge, labels = gate.judge(), np.array([0])
    assert judge(IMAGE[None], labels)[0] == ["unread"]
    assert judge(IMAGE[None], labels)[0] == [None]


def test_the_share_of_copies_counts_within_characters():
    share = evaluation.near_duplicate_share
    same, other = np.stack([IMAGE, IMAGE]), np.stack([IMAGE, OTHER])
    assert share(same, [0, 1]) == 0 and share(same, [0, 0]) == 1
    assert share(same) == 1
    assert share(other, [0, 0]) == 0
    # Beside the training images.
    assert share(other, [0, 1], (same, [1, 1])) == 0
    assert share(other, [0, 1], (same, [0, 1])) == 0.5
