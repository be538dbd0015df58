"""Three steps of `StyleTransfer` with known weights, for comparison between backends.

The networks are the smallest that have every loss: TensorFlow takes long to trace them.
"""

import pathlib

import numpy as np
from keras import ops
from networks import (
    LOSS_WEIGHTS,
    compile_style_transfer,
    draw_weights,
    evaluate,
    text_encoder,
    transfer_batch,
)
from one_step import positions

from hwgen_keras.layers import CLIPCondition
from hwgen_keras.models import (
    CLIP,
    AdaINGenerator,
    EncoderFeatures,
    ImageEncoder,
    ImageTower,
    PatchDiscriminator,
    StyleTransfer,
    TextTower,
    adam_pair,
)

GOLDEN_FILE = pathlib.Path(__file__).parent / "golden_three_steps.npz"
STEPS, BATCH, PROJECTIONS = 3, 3, 8


def small_model(optimizer=None, **arguments):
    """A compiled model with every loss; `arguments` of `compile_style_transfer`."""
    generator = AdaINGenerator(
        width=8,
        multipliers=(1,),
        condition=CLIPCondition(TextTower(text_encoder(), 8), 8, name="condition"),
        attention={"heads": 2, "head_width": 4},
    )
    clip = CLIP(
        ImageTower(ImageEncoder(widths=(8,)), 8),
        TextTower(text_encoder(), 8),
    )
    model = StyleTransfer(
        generator,
        PatchDiscriminator(widths=(8, 8)),
        EncoderFeatures(ImageEncoder(widths=(8,))),
        clip,
        **LOSS_WEIGHTS,
    )
    compile_style_transfer(model, optimizer or adam_pair(1e-3, 2e-3), **arguments)
    draw_weights(model)
    return model


def has_gradient(model):
    """Bools: the variables whose gradient is more than rounding.

    A bias before a normalisation has no gradient. Adam scales all gradients to the same
    length, so such a bias moves at random on every backend.
    """
    batch = {k: ops.convert_to_tensor(v) for k, v in transfer_batch(BATCH).items()}
    variables = model.variables + model.metrics_variables
    return positions(evaluate(lambda: list(model.update(batch)), variables)) >= 0


def after_three_steps(model):
    """The result of three steps of `fit`, each on another batch.

    Returns:
        A dict: each metric, (steps,); of the change of each trainable variable, `norms`
        (variables,) and products with random directions, `projections` (variables,
        directions), whose mean square is that of the norm; the discriminator's batch
        statistics.
    """
    before = [ops.convert_to_numpy(v).copy() for v in model.trainable_variables]
    history = []
    for step in range(STEPS):
        data = transfer_batch(BATCH, seed=step)
        history.append(model.fit(data, batch_size=BATCH, verbose=0).history)
    moved = [
        (ops.convert_to_numpy(v) - old).astype("float64").ravel()
        for v, old in zip(model.trainable_variables, before, strict=True)
    ]
    rng = np.random.default_rng(11)
    statistics = [
        ops.convert_to_numpy(v).ravel()
        for v in model.discriminator.non_trainable_variables
    ]
    return {
        **{
            f"metric/{name}": np.array([row[name][0] for row in history])
            for name in history[0]
        },
        "norms": np.array([np.linalg.norm(m) for m in moved]),
        "projections": np.array(
            [rng.normal(size=(PROJECTIONS, m.size)) @ m for m in moved]
        ),
        "statistics": np.concatenate(statistics),
    }


if __name__ == "__main__":
    # Writes the reference of all backends, see one_step.py.
    numbers = after_three_steps(small_model())
    np.savez(GOLDEN_FILE, felt=has_gradient(small_model()), **numbers)
    print(f"wrote {GOLDEN_FILE}")
