"""What a SavedModel would have TensorFlow do, read before TensorFlow loads it.

Its graph can hold operations that read and write files or call Python. An exported
model computes; it needs none of them.
"""

import pathlib
import re

from hwgen_keras.errors import InputError

GRAPH = "saved_model.pb"
# Operations of TensorFlow that reach outside: files, datasets (which read files),
# Python, the network, logs, libraries, devices of other processes, the process itself.
_OUTSIDE = re.compile(
    "Abort|Checkpoint|Collective|Dataset|Debug|File|GenerateVocabRemapping|Host|"
    "Infeed|Iterator|LoadAndRemap|Outfeed|PyFunc|Reader|Record|Recv|Remote|Restore|"
    "Rpc|Save|Send|Skipgram|Sql|Summary|TPU|TRT|XlaCallModule"
)


def check_saved_model(folder):
    """Raises InputError unless a SavedModel is whole and only computes.

    Needs TensorFlow. Loading a SavedModel reads its variables from its own folder;
    the functions that do so, or write them, may be in it, if nothing else calls them.

    Args:
        folder: of the SavedModel.
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
            f"{path} is not a complete SavedModel; it is damaged, cut short or foreign."
        )
    for graph in saved.meta_graphs:
        _check_graph(graph, path)


def _check_graph(graph, path):
    functions = {f.signature.name: f.node_def for f in graph.graph_def.library.function}
    savers = _savers(graph, functions)
    groups = [(None, graph.graph_def.node), *functions.items()]
    for name, nodes in groups:
        for node in nodes:
            if _OUTSIDE.search(node.op) and name not in savers:
                raise InputError(
                    f"{path} holds the operation {node.op}, which reaches outside of "
                    "the model (files, programs or the network); do not use it."
                )


def _savers(graph, functions):
    """Names of the functions that read and write checkpoints, if nothing calls them."""
    saver = graph.saver_def
    names = (saver.save_tensor_name, saver.restore_op_name)
    names = {name.split(":")[0] for name in names if name}
    own: set[str] = set()
    others = set(graph.object_graph_def.concrete_functions)
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
