"""The published lengths of trainings, where no flag names another."""

import pytest

from experiments import train_text_encoder
from hwgen_keras.characters import character_set

pytestmark = pytest.mark.backend_free


def test_the_text_encoder_sees_every_character_ten_times_an_epoch():
    settings = train_text_encoder.Settings(size="base")
    rows = train_text_encoder.REPEATS * len(character_set(settings.characters))
    # 200 epochs of 60 batches of 512.
    assert train_text_encoder.base_steps(rows, settings.batch_size) == 12_000
    assert settings.steps is None
