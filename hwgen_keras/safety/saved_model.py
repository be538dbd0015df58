"""Checks the operations of a SavedModel before TensorFlow loads it.

Its graph can have operations that read and write files, call Python or use the
network, and every release of TensorFlow adds more. So only the operations that models
of hwgen_keras compute with are allowed.
"""

import pathlib

from hwgen_keras.errors import InputError

GRAPH = "saved_model.pb"
# The operations of exported models, and those that other releases of Keras and
# TensorFlow write for the same layers. None of them acts outside of the process.
ALLOWED = frozenset(
    " ".join(
        (
            # Inputs, constants and identities.
            "Const EnsureShape Identity IdentityN NoOp Placeholder",
            "PlaceholderWithDefault PreventGradient StopGradient",
            # The graph's own functions, branches, a diffusion model's loop over its
            # steps, and the error for a character that the model does not know.
            "Assert Case If PartitionedCall StatefulPartitionedCall StatelessCase",
            "StatelessIf StatelessWhile While",
            # The weights, and their values on loading.
            "AssignVariableOp ReadVariableOp ResourceGather ResourceGatherNd",
            "VarHandleOp VarIsInitializedOp VariableShape",
            # The table of characters behind `serve_characters`, filled from constants,
            # and the code points of those that are not in it.
            "HashTableV2 InitializeTableV2 LookupTableFindV2 LookupTableImportV2",
            "LookupTableSizeV2 UnicodeDecode",
            # Convolutions, upsampling, pooling, products of matrices, normalisation.
            "AvgPool BatchMatMul BatchMatMulV2 BatchMatMulV3 BatchToSpaceND BiasAdd",
            "Conv Conv2D Conv2DBackpropInput DepthToSpace DepthwiseConv2dNative Einsum",
            "FusedBatchNormV3 MatMul MaxPool MaxPoolV2 ResizeBilinear",
            "ResizeNearestNeighbor SpaceToBatchND SpaceToDepth",
            # Arithmetic and activations of single elements.
            "Abs Add AddN AddV2 Atan Atan2 Cast Ceil ClipByValue Cos Div DivNoNan Elu",
            "Erf Erfc Exp Expm1 Floor FloorDiv FloorMod Inv LeakyRelu Log Log1p",
            "Maximum Minimum Mod Mul MulNoNan Neg Pow RealDiv Reciprocal Relu Relu6",
            "Rint Round Rsqrt Selu Sigmoid Sign Sin Softplus Softsign Sqrt Square",
            "SquaredDifference Sub Tan Tanh TruncateDiv TruncateMod",
            # Comparisons and choices: masks of padding, dropped conditions.
            "Equal Greater GreaterEqual IsFinite IsInf IsNan Less LessEqual LogicalAnd",
            "LogicalNot LogicalOr NotEqual Select SelectV2 Where",
            # Reductions: statistics of normalisation, softmax, best classes.
            "All Any ArgMax ArgMin Cumsum LogSoftmax Max Mean Min Prod Softmax Sum",
            "TopK TopKV2",
            # A stroke writer: its noise, which follows from a seed alone; a loop over
            # the characters of a batch; the deepest ink of each pixel.
            "BitwiseOr LeftShift StatelessRandomNormalV2",
            "StatelessRandomUniformFullIntV2 TensorListFromTensor TensorListGetItem",
            "TensorListReserve TensorListSetItem TensorListStack UnsortedSegmentMax",
            # Shapes: they are computed, as batch and size of the images are free.
            "BroadcastArgs BroadcastTo ConcatV2 ExpandDims Fill Gather GatherNd",
            "GatherV2 InvertPermutation LinSpace MatrixBandPart MatrixDiag",
            "MatrixDiagV2 MatrixDiagV3 MirrorPad OneHot",
            "OnesLike Pack Pad PadV2 Range Rank Reshape ReverseV2 Roll Shape ShapeN",
            "Size Slice Split SplitV Squeeze StridedSlice Tile Transpose Unpack",
            "ZerosLike",
        )
    ).split()
)
# Further operations of TensorFlow's own functions that read and write checkpoints.
SAVERS = frozenset(
    ("DisableCopyOnRead", "MergeV2Checkpoints", "RestoreV2", "SaveV2")
    + ("ShardedFilename", "StaticRegexFullMatch", "StringJoin")
)


def check_saved_model(folder):
    """Raises InputError unless a folder's SavedModel is complete and only computes.

    It needs TensorFlow. The functions that read and write the variables in the folder
    itself are allowed, if nothing else calls them.
    """
    from google.protobuf.message import DecodeError
    from tensorflow.core.protobuf import saved_model_pb2

    path = pathlib.Path(folder, GRAPH)
    saved = saved_model_pb2.SavedModel()
    try:
        saved.ParseFromString(path.read_bytes())
    except FileNotFoundError:
        raise InputError(
            f"{folder} is not a SavedModel; give a folder made by export."
        ) from None
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from None
    except DecodeError:
        saved.Clear()
    if not saved.meta_graphs:
        raise InputError(
            f"{path} is not a complete SavedModel; it is damaged, truncated or foreign."
        )
    graph, *others = saved.meta_graphs
    # TensorFlow loads such a file as version 1 does, and runs its savers.
    if others or not graph.HasField("object_graph_def"):
        raise InputError(
            f"{path} is a SavedModel of TensorFlow 1; give a folder made by export."
        )
    _check_graph(graph, path)


def _check_graph(graph, path):
    functions = {f.signature.name: f.node_def for f in graph.graph_def.library.function}
    savers = _savers(graph, functions)
    for name, nodes in [(None, graph.graph_def.node), *functions.items()]:
        allowed = ALLOWED | SAVERS if name in savers else ALLOWED
        for node in nodes:
            if node.op not in allowed:
                raise InputError(
                    f"{path} holds the operation {node.op}, which is none of those "
                    "that models of hwgen_keras compute with; do not use this file."
                )


def _savers(graph, functions):
    """Names of the functions that read and write checkpoints, if nothing calls them."""
    saver = graph.saver_def
    names = (saver.save_tensor_name, saver.restore_op_name)
    names = {name.split(":")[0] for name in names if name}
    own: set[str] = set()
    others = set(graph.object_graph_def.concrete_functions)
    for node in graph.object_graph_def.nodes:
        others.update(node.function.concrete_functions)
        others.add(node.bare_concrete_function.concrete_function_name)
    for node in graph.graph_def.node:
        (own if node.name in names else others).update(_called(node))
    for nodes in functions.values():
        for node in nodes:
            others.update(_called(node))
    return own - others


def _called(node):
    for value in node.attr.values():
        if value.HasField("func"):
            yield value.func.name
        yield from (function.name for function in value.list.func)
