"""One order and one set of names for equal ONNX graphs, so that files are equal."""

import hashlib
import heapq
from typing import Any

from hwgen_keras.errors import InputError


def put_in_order(graph):
    """Sorts and renames the parts of a graph by what they compute, in place.

    tf2onnx orders nodes and weights anew in each process. Here the first of the nodes
    that can come next is the one whose hash is least: a hash of its operation, its
    attributes and, in turn, what its inputs are. Nodes and weights of equal hashes
    compute the same, so one of them stays. Names of inputs and outputs stay, too.

    Args:
        graph: a GraphProto without random operations; shapes noted of values inside it
            are dropped.

    Raises:
        InputError: it has a branch or a loop, or sparse weights.
    """
    from onnx import AttributeProto

    inner = {AttributeProto.GRAPH, AttributeProto.GRAPHS}
    nested = any(a.type in inner for node in graph.node for a in node.attribute)
    if nested or graph.sparse_initializer:
        raise InputError("The graph has a branch, a loop or sparse weights.")
    # {name of a value: its hash}; an input that is left out has an empty name.
    hashes = {"": "", **{value.name: value.name for value in graph.input}}
    weights: dict[str, Any] = {}
    for weight in graph.initializer:
        hashes[weight.name] = _hash_of_weight(weight)
        weights.setdefault(hashes[weight.name], weight)
    weights = dict(sorted(weights.items()))
    nodes: dict[str, Any] = {}
    for node in _sorted(graph.node, hashes):
        nodes.setdefault(hashes[next(filter(None, node.output))], node)
    kept = {value.name for value in (*graph.input, *graph.output)}
    names = {hashes[name]: name for name in sorted(kept, reverse=True)} | {"": ""}
    if len(names) != len(kept) + 1:
        raise InputError("Two outputs of the graph are one value.")
    inside = [*weights, *(hashes[o] for node in nodes.values() for o in node.output)]
    for number, value in enumerate(value for value in inside if value not in names):
        names[value] = f"value_{number}"
    for value, weight in weights.items():
        weight.name, weight.doc_string = names[value], ""
    for number, node in enumerate(nodes.values()):
        node.input[:] = [names[hashes[name]] for name in node.input]
        node.output[:] = [names[hashes[name]] for name in node.output]
        node.name, node.doc_string = f"node_{number}", ""
    _replace(graph.initializer, list(weights.values()))
    _replace(graph.node, list(nodes.values()))
    del graph.value_info[:]


def _sorted(nodes, hashes):
    """The nodes so that each follows its inputs; `hashes` gets those of outputs."""
    waiting: dict[str, list] = {}
    ready: list[tuple] = []

    def offer(number, node):
        for name in node.input:
            if name not in hashes:
                waiting.setdefault(name, []).append((number, node))
                return
        text = _text_of_node(node) + "".join(hashes[name] for name in node.input)
        heapq.heappush(ready, (_hash(text.encode()), number, node))

    for number, node in enumerate(nodes):
        offer(number, node)
    while ready:
        value, _, node = heapq.heappop(ready)
        outputs = [(place, name) for place, name in enumerate(node.output) if name]
        hashes.update({name: f"{value}.{place}" for place, name in outputs})
        yield node
        for _, name in outputs:
            for number, follower in waiting.pop(name, ()):
                offer(number, follower)


def _text_of_node(node):
    """What a node computes of its inputs, as text."""
    attributes = sorted(
        attribute.name + attribute.SerializeToString(deterministic=True).hex()
        for attribute in node.attribute
    )
    return "\0".join([node.domain, node.op_type, *attributes, str(len(node.output))])


def _hash_of_weight(weight):
    """The hash of a weight's numbers, whatever its name."""
    from onnx import numpy_helper

    value = numpy_helper.to_array(weight)
    return _hash(f"{value.dtype}{value.shape}".encode() + value.tobytes())


def _hash(content):
    return hashlib.sha256(content).hexdigest()


def _replace(parts, others):
    """Puts other protocol messages in place of a list's."""
    copies = [type(part).FromString(part.SerializeToString()) for part in others]
    del parts[:]
    parts.extend(copies)
