"""The loss scale of mixed precision changes no number of the training."""

import keras
import numpy as np
import pytest
from networks import (
    BACKEND,
    LOSS_WEIGHTS,
    compile_style_transfer,
    draw_weights,
    evaluate,
    style_transfer,
    transfer_batch,
)

from hwgen_keras.models import adam_pair

pytestmark = pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")


def numbers(scale):
    """Metrics and gradients of one update whose loss scale is `scale`; None: none."""
    model = style_transfer(with_features=False, with_clip=False, multipliers=(1,))
    optimizer = adam_pair(1e-3)
    if scale is not None:
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer, initial_scale=scale)
    compile_style_transfer(model, optimizer)
    draw_weights(model)
    # So short is the adversarial gradient that the 1e-4 added to its length counts.
    kernel = model.discriminator.to_logits.kernel
    kernel.assign(3e-3 * kernel.value)
    data = {k: keras.ops.convert_to_tensor(v) for k, v in transfer_batch().items()}

    def update():
        gradients = list(model.update(data))
        return {"gradients": gradients, "metrics": model.get_metrics_result()}

    return evaluate(update, model.variables + model.metrics_variables)


def test_the_adaptive_weight_knows_the_loss_scale():
    plain, scaled = numbers(None), numbers(2.0**10)
    assert plain["metrics"].keys() == scaled["metrics"].keys()
    for name, value in plain["metrics"].items():
        assert scaled["metrics"][name] == pytest.approx(value, rel=1e-3), name
    for a, b in zip(plain["gradients"], scaled["gradients"], strict=True):
        largest = np.abs(a).max()
        np.testing.assert_allclose(b / 2**10, a, rtol=1e-2, atol=1e-4 * largest + 1e-9)
    clipped = 1e4 * LOSS_WEIGHTS["adversarial_weight"]
    assert 0 < plain["metrics"]["adaptive_weight"] < 0.9 * clipped
