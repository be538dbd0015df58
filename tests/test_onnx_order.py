"""export/onnx_order.py: graphs that compute the same become the same bytes."""

import numpy as np
import pytest

from hwgen_keras.errors import InputError
from hwgen_keras.export.onnx_order import put_in_order

onnx = pytest.importorskip("onnx", reason="needs the extra onnx")

helper, numpy_helper = onnx.helper, onnx.numpy_helper
pytestmark = pytest.mark.backend_free

WEIGHTS = {
    "a": np.float32([[1, 2], [3, 4]]),
    "b": np.float32([1, -1]),
    "again": np.float32([1, -1]),
    "c": np.float32([2, -1]),
}
# (operation, inputs, outputs, attributes); one of them twice.
NODES = [
    ("MatMul", ["x", "a"], ["p"], {}),
    ("Add", ["p", "b"], ["q"], {}),
    ("Sub", ["p", "c"], ["r"], {}),
    ("Sub", ["p", "b"], ["s"], {}),
    ("Sub", ["p", "again"], ["t"], {}),
    ("Concat", ["q", "r", "s", "t"], ["u"], {"axis": 1}),
    ("Split", ["u"], ["v", "w"], {"axis": 1, "num_outputs": 2}),
    ("Clip", ["v", "", "most"], ["y"], {}),
    ("Softmax", ["w"], ["z"], {"axis": -1}),
]


def model(rng, nodes=NODES, outputs=("y", "z")):
    """A model whose nodes, weights and names inside it are in an order by chance."""
    weights = {**WEIGHTS, "most": np.float32(5)}
    names = {o for _, _, made, _ in nodes for o in made} - {"y", "z"} | set(weights)
    renamed = dict(
        zip(sorted(names), rng.permutation(len(names)).tolist(), strict=True)
    )

    def name(old):
        return f"n{renamed[old]}" if old in renamed else old

    made, known, left = [], {"x", "", *weights}, list(nodes)
    while left:
        ready = [node for node in left if known.issuperset(node[1])]
        node = ready[rng.integers(len(ready))]
        left.remove(node)
        known.update(node[2])
        operation, inputs, results, attributes = node
        given = map(name, inputs), map(name, results)
        label = f"node {rng.integers(99)}"
        made.append(helper.make_node(operation, *given, name=label, **attributes))
    order = rng.permutation(sorted(weights))
    graph = helper.make_graph(
        made,
        "graph",
        [value("x", 2)],
        [value(output, None) for output in outputs],
        [numpy_helper.from_array(weights[old], name(old)) for old in order],
    )
    opset = [helper.make_opsetid("", 18)]
    return helper.make_model(graph, opset_imports=opset, ir_version=10)


def value(name, columns):
    """A value of floats with any number of rows."""
    return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [None, columns])


def computed(graph):
    runtime = pytest.importorskip("onnxruntime", reason="needs the extra onnx")
    session = runtime.InferenceSession(graph.SerializeToString())
    return session.run(["y", "z"], {"x": np.float32([[1, 2], [-3, 0.5]])})


def test_equal_graphs_become_equal_bytes_and_compute_the_same(rng):
    models = [model(rng) for _ in range(20)]
    assert len({m.SerializeToString() for m in models}) == 20
    before = computed(models[0])
    for m in models:
        put_in_order(m.graph)
        onnx.checker.check_model(m, full_check=True)
    assert len({m.SerializeToString() for m in models}) == 1
    np.testing.assert_array_equal(computed(models[0])[0], before[0])
    np.testing.assert_array_equal(computed(models[0])[1], before[1])
    # The weight that was there twice, and the node that used it.
    assert len(models[0].graph.initializer) == 4
    assert len(models[0].graph.node) == len(NODES) - 1


@pytest.mark.parametrize(
    ("place", "node"),
    [
        (1, ("Mul", ["p", "b"], ["q"], {})),
        (1, ("Add", ["p", "c"], ["q"], {})),
        (6, ("Split", ["u"], ["w", "v"], {"axis": 1, "num_outputs": 2})),
        (8, ("Softmax", ["w"], ["z"], {"axis": 0})),
    ],
)
def test_graphs_that_differ_stay_different(rng, place, node):
    others = [*NODES[:place], node, *NODES[place + 1 :]]
    models = model(rng), model(rng, others)
    for m in models:
        put_in_order(m.graph)
    assert models[0].SerializeToString() != models[1].SerializeToString()


def test_graphs_that_it_cannot_order(rng):
    branch = helper.make_node(
        "If",
        ["x"],
        ["y"],
        then_branch=helper.make_graph([], "then", [], []),
        else_branch=helper.make_graph([], "else", [], []),
    )
    graph = helper.make_graph([branch], "graph", [], [])
    with pytest.raises(InputError, match="has a branch"):
        put_in_order(graph)
    same = [*NODES[:8], ("Clip", ["v", "", "most"], ["z"], {})]
    with pytest.raises(InputError, match="Two outputs"):
        put_in_order(model(rng, same).graph)
