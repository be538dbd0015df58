"""The process that turns the signature `serve` of a SavedModel into an ONNX file.

`python -m hwgen_keras.export.to_onnx SAVED_MODEL FILE.onnx [OUTPUT,OUTPUT]`. Keras's
own export to ONNX takes a model's `call` as it is; what is converted here is what the
SavedModel serves: clipped images, probabilities, named inputs, the whole sampling of a
diffusion model.
"""

import sys

# The newest that tf2onnx writes.
OPSET = "18"


def main(saved_model, written, outputs=None):
    import onnx
    from tf2onnx import convert
    from tf2onnx.handler import tf_op

    tf_op("Erfc")(Erfc)
    sys.argv[1:] = ["--saved-model", saved_model, "--tag", "serve"]
    sys.argv += ["--signature_def", "serve", "--opset", OPSET, "--output", written]
    if outputs is not None:
        sys.argv += ["--rename-outputs", outputs]
    convert.main()
    # tf2onnx puts down the path that it read, which says nothing to others.
    model = onnx.load(written)
    model.graph.name, model.graph.doc_string, model.doc_string = "serve", "", ""
    onnx.save(model, written)


class Erfc:
    """1 - erf, of the exact GELU; tf2onnx knows erf alone."""

    @classmethod
    def version_9(cls, ctx, node, **kwargs):
        import numpy as np

        shape, dtype = ctx.get_shape(node.output[0]), ctx.get_dtype(node.output[0])
        one = ctx.make_const(f"{node.name}_one", np.array(1.0, "float32"))
        erf = ctx.make_node("Erf", node.input, dtypes=[dtype], shapes=[shape])
        ctx.remove_node(node.name)
        ctx.make_node(
            "Sub",
            [one.output[0], erf.output[0]],
            name=node.name,
            outputs=node.output,
            dtypes=[dtype],
            shapes=[shape],
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
