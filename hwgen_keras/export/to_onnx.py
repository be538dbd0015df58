"""The process that converts the signature `serve` of a SavedModel to an ONNX file.

`python -m hwgen_keras.export.to_onnx SAVED_MODEL FILE.onnx float32|float16
[OUTPUT,OUTPUT]`. Keras's own export to ONNX converts a model's `call`. The signature
has more: named inputs, clipped images, probabilities, the whole sampling of a diffusion
model.
"""

import sys

# The newest that tf2onnx writes.
OPSET = "18"


def main(saved_model, output, storage, names=None):
    import onnx
    from tf2onnx import convert
    from tf2onnx.handler import tf_op

    tf_op("Erfc")(Erfc)
    sys.argv[1:] = ["--saved-model", saved_model, "--tag", "serve"]
    sys.argv += ["--signature_def", "serve", "--opset", OPSET, "--output", output]
    if names is not None:
        sys.argv += ["--rename-outputs", names]
    convert.main()
    # tf2onnx writes the path of the SavedModel into the file.
    model = onnx.load(output)
    model.graph.name, model.graph.doc_string, model.doc_string = "serve", "", ""
    if storage == "float16":
        store_half(model.graph)
    onnx.save(model, output)


def store_half(graph):
    """Stores a graph's weights in float16, which the graph casts when it is loaded.

    tf2onnx turned them to float32, and multiplied those of convolutions by the factors
    of batch normalisation: these are rounded again. What else float16 does not hold
    exactly stays.
    """
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for weight in graph.initializer:
        value = numpy_helper.to_array(weight)
        if value.dtype != np.float32 or value.ndim < 2:
            continue
        with np.errstate(over="ignore"):
            half = value.astype(np.float16)
        convolution = value.ndim == 4
        if not (half == value).all() and not (convolution and np.isfinite(half).all()):
            continue
        name, stored = weight.name, f"{weight.name}/float16"
        weight.CopyFrom(numpy_helper.from_array(half, stored))
        casts.append(
            helper.make_node("Cast", [stored], [name], to=TensorProto.FLOAT, name=name)
        )
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


class Erfc:
    """1 - erf, of the exact GELU; tf2onnx converts only erf."""

    @classmethod
    def version_9(cls, ctx, node, **kwargs):
        import numpy as np

        types = {
            "shapes": [ctx.get_shape(node.output[0])],
            "dtypes": [ctx.get_dtype(node.output[0])],
        }
        one = ctx.make_const(f"{node.name}_one", np.array(1.0, "float32"))
        erf = ctx.make_node("Erf", node.input, **types)
        ctx.remove_node(node.name)
        operands = [one.output[0], erf.output[0]]
        ctx.make_node("Sub", operands, name=node.name, outputs=node.output, **types)


if __name__ == "__main__":
    main(*sys.argv[1:])
