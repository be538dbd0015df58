"""Writes what one step leaves behind on one device, and on two, into an .npz file.

Run by `two_devices.py`. Keys are `devices/model/what/number or name`.
"""

import contextlib
import sys

import keras
import numpy as np
from keras import ops
from networks import (
    BACKEND,
    CLASSES,
    JIT,
    LENGTH,
    VOCABULARY_SIZE,
    compile_classifier,
    draw_weights,
    image_encoder,
    images,
    labels,
    tokens,
    transfer_batch,
)
from three_steps import small_model

from hwgen_keras.backend import (
    data_parallel,
    device_count,
    gather_rows,
    replica_count,
    sum_over_replicas,
    synchronize_batch_norm,
)
from hwgen_keras.models import (
    CLIP,
    Classifier,
    ImageTower,
    TextEncoder,
    TextTower,
    adam_pair,
)

# Rows 2 and 3 are unlike rows 0 and 1, so that the halves of the batch differ.
BATCH = 4


def transfer_step():
    """`StyleTransfer` with every loss and averaged weights."""
    model = small_model(adam_pair(1e-3, 2e-3, ema_momentum=0.9))
    data = transfer_batch(BATCH)
    data["target"][2:] *= 0.3
    return model, (data,)


def clip_step():
    """CLIP without dropout, which each device draws for itself."""
    encoder = TextEncoder(VOCABULARY_SIZE, LENGTH, 16, 1, 2, dropout=0.0)
    model = CLIP(
        ImageTower(image_encoder(), 16, dropout=0.0),
        TextTower(encoder, 16, dropout=0.0),
    )
    model.build()
    model.compile(optimizer=keras.optimizers.Adam(1e-3), jit_compile=JIT)
    data = {"image": images(BATCH), "tokens": tokens(BATCH)}
    data["image"][2:] *= 0.3
    return model, (data,)


def classifier_step():
    """A classifier of images without dropout, trained by Keras's own step."""
    model = compile_classifier(Classifier(image_encoder(), CLASSES))
    pictures = images(BATCH)
    pictures[2:] *= 0.3
    return model, (pictures, labels(BATCH))


STEPS = {"style_transfer": transfer_step}
# JAX shares any step in the same way; on TensorFlow each asks the other replicas.
if BACKEND == "tensorflow":
    STEPS |= {"clip": clip_step, "classifier": classifier_step}


def after_a_step(make):
    """{what/number: array}: gradients, weights, averages, statistics, metrics."""
    model, data = make()
    draw_weights(model)
    synchronize_batch_norm(model)
    model.optimizer.build(model.trainable_variables)
    history = model.fit(*data, batch_size=BATCH, shuffle=False, verbose=0).history
    slots = {variable.name: variable for variable in model.optimizer.variables}
    result = {f"metrics/{name}": values[0] for name, values in history.items()}
    for i, variable in enumerate(model.trainable_variables):
        result[f"weights/{i}"] = variable.numpy()
        name = variable.path.replace("/", "_")
        # Adam's momentum after one step is the gradient, times 1 - beta.
        result[f"gradients/{i}"] = slots[f"{name}_momentum"].numpy()
        if f"{name}_average" in slots:
            result[f"averages/{i}"] = slots[f"{name}_average"].numpy()
    for i, variable in enumerate(model.non_trainable_variables):
        if variable.name.startswith("moving_"):
            result[f"statistics/{i}"] = variable.numpy()
    return result


def check_outside_a_step():
    """Callbacks call the same functions where there is no replica."""
    rows = ops.arange(3)
    assert replica_count() == 1
    assert gather_rows(rows) is rows
    assert sum_over_replicas(rows) is rows


if __name__ == "__main__":
    assert device_count() == 2
    found = {}
    for devices in (1, 2):
        with data_parallel() if devices == 2 else contextlib.nullcontext():
            check_outside_a_step()
            for name, make in STEPS.items():
                for key, value in after_a_step(make).items():
                    found[f"{devices}/{name}/{key}"] = value
    np.savez(sys.argv[1], **found)
