"""A SavedModel with any operation but those that models compute with is refused."""

import re

import numpy as np
import pytest
from networks import BACKEND, diffusion_generator, generator

from hwgen_keras.errors import InputError
from hwgen_keras.export import load_exported
from hwgen_keras.safety import check_saved_model
from hwgen_keras.safety.saved_model import ALLOWED, SAVERS

pytestmark = pytest.mark.skipif(
    BACKEND != "tensorflow", reason="TensorFlow's own files"
)
if BACKEND == "tensorflow":
    import tensorflow as tf
    from tensorflow.core.protobuf import saved_model_pb2
    from tensorflow.python.framework import op_def_registry

    from hwgen_keras.export import writer

    raw = tf.raw_ops

# What reaches outside of a graph: files, datasets (which read files), Python, the
# network, logs, libraries, devices of other processes, the process itself.
DANGEROUS = re.compile(
    "Abort|Asset|Checkpoint|Collective|Custom|Dataset|Debug|Dump|File|Generate|Host|"
    "Infeed|Iterator|Jit|Lmdb|LoadAndRemap|Log(ger|ging)|Outfeed|Print|PyFunc|Queue|"
    "Reader|Record|Recv|Remote|Restore|Rpc|Save|Send|Sharded|Skipgram|Sql|Stage|"
    "Summary|Timestamp|TPU|TRT|Write|Xla|^_"
)
# Operations with a state that is of the graph alone.
STATEFUL = re.compile("Assert|Call|Case|If|Resource|Table|^Var|Variable|While")


@pytest.fixture
def folder(tmp_path):
    """Makes a SavedModel of a function of one number, and of a file's name."""

    def make(function):
        module = tf.Module()
        module.variable = tf.Variable(2.0)
        spec = tf.TensorSpec((), tf.float32, "x")

        @tf.function(input_signature=[spec])
        def serve(x):
            function(x, str(tmp_path / "it ran"))
            return {"y": (x + 1) * module.variable}

        module.serve = serve
        tf.saved_model.save(module, str(tmp_path / "model"), {"serve": serve})
        return tmp_path / "model"

    return make


@pytest.fixture
def changed(folder):
    """Makes a SavedModel whose graph was changed by a function."""

    def make(change):
        path = folder(lambda x, name: None) / "saved_model.pb"
        saved = saved_model_pb2.SavedModel.FromString(path.read_bytes())
        change(saved)
        path.write_bytes(saved.SerializeToString())
        return path.parent

    return make


def refused(folder, operation):
    match = f"holds the operation {operation}, which is none of those that models of"
    with pytest.raises(InputError, match=match) as caught:
        check_saved_model(folder)
    assert "\n" not in str(caught.value)
    assert str(folder / "saved_model.pb") in str(caught.value)


def test_one_that_computes_is_loaded(folder):
    path = folder(lambda x, name: None)
    assert load_exported(path)(x=np.float32(2))["y"].numpy() == 6
    graph = path / "saved_model.pb"
    whole = graph.read_bytes()
    for length in (0, 50, len(whole) // 2):
        graph.write_bytes(whole[:length])
        with pytest.raises(InputError, match="is not a complete SavedModel"):
            load_exported(path)
    graph.write_bytes(b"\x89PNG\r\n")
    with pytest.raises(InputError, match="is not a complete SavedModel"):
        load_exported(path)


def resource():
    return tf.compat.v1.placeholder(tf.resource)


# The operation that has to be named, and what puts it into a graph.
OUTSIDE = {
    "WriteFile": lambda x, name: tf.io.write_file(name, ""),
    "PrintV2": lambda x, name: raw.PrintV2(input="x", output_stream=f"file://{name}"),
    "SaveV2": lambda x, name: raw.SaveV2(
        prefix=name, tensor_names=["x"], shape_and_slices=[""], tensors=[x]
    ),
    "MergeV2Checkpoints": lambda x, name: raw.MergeV2Checkpoints(
        checkpoint_prefixes=[name], destination_prefix=name
    ),
    "ReadFile": lambda x, name: tf.io.read_file(name),
    "MatchingFiles": lambda x, name: tf.io.matching_files(name),
    "RestoreV2": lambda x, name: raw.RestoreV2(
        prefix=name, tensor_names=["x"], shape_and_slices=[""], dtypes=[tf.float32]
    ),
    "TextLineDataset": lambda x, name: raw.TextLineDataset(
        filenames=name, compression_type="", buffer_size=0
    ),
    "FixedLengthRecordDatasetV2": lambda x, name: raw.FixedLengthRecordDatasetV2(
        filenames=name,
        header_bytes=0,
        record_bytes=1,
        footer_bytes=0,
        buffer_size=0,
        compression_type="",
    ),
    "TextLineReaderV2": lambda x, name: raw.TextLineReaderV2(),
    "EagerPyFunc": lambda x, name: tf.py_function(lambda x: x, [x], tf.float32),
    "PyFunc": lambda x, name: tf.numpy_function(lambda x: x, [x], tf.float32),
    "RegisterDatasetV2": lambda x, name: raw.RegisterDatasetV2(
        dataset=tf.compat.v1.placeholder(tf.variant),
        address="grpc://localhost:1",
        protocol="grpc",
        external_state_policy=0,
    ),
    "CollectiveBcastSendV2": lambda x, name: raw.CollectiveBcastSendV2(
        input=x, group_size=2, group_key=1, instance_key=1
    ),
    "SummaryWriter": lambda x, name: raw.SummaryWriter(),
    "CreateSummaryFileWriter": lambda x, name: raw.CreateSummaryFileWriter(
        writer=resource(),
        logdir=name,
        max_queue=1,
        flush_millis=1,
        filename_suffix="",
    ),
    "AudioSummaryV2": lambda x, name: raw.AudioSummaryV2(
        tag="a", tensor=[[x]], sample_rate=1.0
    ),
    "DebugIdentityV2": lambda x, name: raw.DebugIdentityV2(
        input=x, debug_urls=[f"file://{name}"]
    ),
    "InitializeTableFromTextFileV2": lambda x, name: raw.InitializeTableFromTextFileV2(
        table_handle=resource(), filename=name, key_index=0, value_index=1
    ),
    "LoadAndRemapMatrix": lambda x, name: raw.LoadAndRemapMatrix(
        ckpt_path=name,
        old_tensor_name="x",
        row_remapping=[0],
        col_remapping=[0],
        initializing_values=[x],
        num_rows=1,
        num_cols=1,
    ),
    "Abort": lambda x, name: raw.Abort(),
}


@pytest.mark.parametrize("operation", OUTSIDE)
def test_what_reaches_outside_is_refused(folder, monkeypatch, tmp_path, operation):
    path = folder(OUTSIDE[operation])
    refused(path, operation)
    monkeypatch.delattr(tf.saved_model, "load")
    with pytest.raises(InputError, match=f"holds the operation {operation}, which"):
        load_exported(path)
    assert not (tmp_path / "it ran").exists()


def test_the_list_has_nothing_dangerous_in_it():
    assert all(map(DANGEROUS.search, OUTSIDE)) and not ALLOWED & SAVERS
    for name in sorted(ALLOWED):
        definition = op_def_registry.get(name)
        assert definition is not None, f"{name} is no operation of TensorFlow"
        assert not DANGEROUS.search(name), name
        # Most that act on the world say so.
        assert not definition.is_stateful or STATEFUL.search(name), name


class TestSavers:
    """The functions that read and write checkpoints, which loading does not call."""

    @staticmethod
    def function(graph, tensor):
        """The function behind a tensor of the graph's saver definition."""
        name = getattr(graph.saver_def, tensor).split(":")[0]
        node = next(n for n in graph.graph_def.node if n.name == name)
        called = node.attr["f"].func.name
        functions = graph.graph_def.library.function
        return next(f for f in functions if f.signature.name == called)

    def test_they_must_not_be_called(self, changed):
        def call(saved):
            graph = saved.meta_graphs[0]
            name = self.function(graph, "save_tensor_name").signature.name
            function = graph.graph_def.library.function[0]
            caller = function.node_def.add(name="caller", op="PartitionedCall")
            caller.attr["f"].func.name = name

        refused(changed(call), "(Sharded|Static|StringJoin|SaveV2|MergeV2).*")

    @pytest.mark.parametrize("kind", ["function", "bare_concrete_function"])
    def test_no_object_must_hold_them(self, changed, kind):
        def hold(saved):
            graph = saved.meta_graphs[0]
            name = self.function(graph, "restore_op_name").signature.name
            node = graph.object_graph_def.nodes.add()
            if kind == "function":
                node.function.concrete_functions.append(name)
            else:
                node.bare_concrete_function.concrete_function_name = name

        refused(changed(hold), "RestoreV2")

    @pytest.mark.parametrize("tensor", ["save_tensor_name", "restore_op_name"])
    def test_they_do_nothing_else(self, changed, tensor):
        def write(saved):
            function = self.function(saved.meta_graphs[0], tensor)
            function.node_def.add(name="more", op="WriteFile")

        refused(changed(write), "WriteFile")

    def test_what_tensorflow_loads_by_running_them(self, changed):
        def drop_objects(saved):
            saved.meta_graphs[0].ClearField("object_graph_def")

        def repeat(saved):
            saved.meta_graphs.add().CopyFrom(saved.meta_graphs[0])

        for change in (drop_objects, repeat):
            with pytest.raises(InputError, match="is a SavedModel of TensorFlow 1; gi"):
                check_saved_model(changed(change))


# test_export, test_export_diffusion and test_export_writer load the other kinds, which
# checks them too.
EXPORTED = {
    "adain_embedding": lambda: generator("adain_embedding", multipliers=(1,)),
    "diffusion": lambda: diffusion_generator(multipliers=(1,)).sampling(sampler="ddim"),
    "diffusion_embedding": lambda: diffusion_generator(
        "embedding", multipliers=(1,), guidance={"content": 0.0, "style": 2.0}
    ).sampling(sampler="heun"),
}


@pytest.mark.parametrize("kind", EXPORTED)
def test_exported_models_pass(kind, tmp_path, monkeypatch):
    model = EXPORTED[kind]()
    model.build()
    # What they compute, and that files keep it, is tested elsewhere.
    monkeypatch.setattr(writer, "load_trained", lambda *arguments: model)
    monkeypatch.setattr(writer, "examples", lambda *arguments: [])
    answer = writer.write(
        "model.keras",
        str(tmp_path / "saved"),
        None,
        tmp_path / "examples",
        "float32",
        sampling={},
        characters=list("アイウエ"),
        structures=None,
    )
    assert kind in (answer["kind"], answer["mode"])
    has_characters = kind != "diffusion"
    assert ("serve_characters" in answer["signatures"]) == has_characters
    check_saved_model(tmp_path / "saved")
