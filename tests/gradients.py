"""Compares a block with NumPy: its values, and its gradients by differences.

For a gradient g of the backend in float32 and a random direction d, the product <g, d>
must equal (f(x + hd) - f(x - hd)) / 2h of the NumPy version f. Each input and each
weight has its own directions.
"""

import numpy as np
import plain
from keras import ops
from networks import draw_weights, evaluate

from hwgen_keras.backend import vjp

STEP = 1e-5


class Case:
    """One block or loss.

    Args:
        shapes: of the inputs that are differentiated, drawn from a normal distribution.
        call: a function (layer, *inputs) → output or list of outputs.
        expected: the same in NumPy, (weights, *inputs) → output or list of them.
        create: a function without arguments → a layer; default: no layer.
        build: arguments of its `build`.
        by_part: whether all weights of a part of the layer share a direction, which is
            quicker and less strict.
    """

    def __init__(self, shapes, call, expected, create=None, build=(), by_part=False):
        self.shapes, self.call, self.expected = shapes, call, expected
        self.create, self.build, self.by_part = create, build, by_part

    def layer(self):
        if self.create is None:
            return None
        layer = self.create()
        layer.build(*self.build)
        draw_weights(layer)
        return layer

    def plain(self, weights, inputs):
        return as_list(self.expected(weights, *inputs))


def as_list(outputs):
    return list(outputs) if isinstance(outputs, list | tuple) else [outputs]


def check(actual, expected, tolerance):
    """Float32 results of the backend against float64 ones of NumPy."""
    assert actual.dtype.name == "float32"
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)


def difference(function, point, direction):
    """The central difference of `function` at a point of float64 arrays."""
    high, low = (
        function([x + sign * STEP * d for x, d in zip(point, direction, strict=True)])
        for sign in (1, -1)
    )
    return (high - low) / (2 * STEP)


def check_case(case, rng):
    """Values and gradients of a `Case`."""
    layer = case.layer()
    variables = layer.trainable_variables if layer else []
    state = layer.variables if layer else []
    inputs = [rng.normal(size=shape).astype("float32") for shape in case.shapes]
    weights = plain.Weights.from_layer(layer) if layer else {}
    paths = [v.path.split(layer.name + "/", 1)[1] for v in variables]
    exact = [x.astype("float64") for x in inputs]
    expected = case.plain(weights, exact)
    cotangents = [rng.normal(size=np.shape(x)).astype("float32") for x in expected]

    def function():
        tensors = [ops.convert_to_tensor(x) for x in inputs]
        outputs, pullback = vjp(
            lambda *x: as_list(case.call(layer, *x)), tensors, variables, state
        )
        return outputs, pullback([ops.convert_to_tensor(c) for c in cotangents])

    outputs, (input_gradients, variable_gradients) = evaluate(function, state)
    for actual, plain_output in zip(outputs, expected, strict=True):
        check(actual, plain_output, 1e-4)

    def scalar(values):
        """Σ cotangent · output where inputs and trainable weights are `values`."""
        split = len(inputs)
        changed = plain.Weights(weights)
        changed.update(zip(paths, values[split:], strict=True))
        outputs = case.plain(changed, values[:split])
        return sum((c * x).sum() for c, x in zip(cotangents, outputs, strict=True))

    point = [*exact, *(weights[path] for path in paths)]
    gradients = [*input_gradients, *variable_gradients]
    # (name, the positions in `point` that move at once) of each direction.
    moves = [(f"input {i}", [i]) for i in range(len(inputs))]
    for i, path in enumerate(paths, start=len(inputs)):
        part = path.split("/")[0] if case.by_part else path
        if moves and moves[-1][0] == part:
            moves[-1][1].append(i)
        else:
            moves.append((part, [i]))
    largest = max(np.linalg.norm(g) for g in gradients)
    assert largest > 0
    for name, places in moves:
        for _ in range(1 if len(gradients) > 30 else 2):
            direction = [np.zeros_like(x) for x in point]
            for i in places:
                direction[i] = rng.normal(size=point[i].shape)
            expected = difference(scalar, point, direction)
            along = sum(np.sum(gradients[i] * direction[i]) for i in places)
            length = np.sqrt(sum(np.sum(gradients[i] ** 2) for i in places))
            error = abs(along - expected)
            # Along a random direction a gradient is as long as it is in all.
            limit = 1e-4 * length + 1e-6 * largest
            assert error <= limit, f"{name}: {error} of {expected}"
