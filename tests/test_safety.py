"""Model files that would run code, reach outside, or are damaged, are refused."""

import json
import sys
import zipfile

import keras
import pytest
from networks import BACKEND

from hwgen_keras.errors import InputError
from hwgen_keras.models import AdaINGenerator, load_trained
from hwgen_keras.safety import check_keras_file, check_onnx_file, keras_file

# A file is checked before a backend sees it; test_checkpoints, test_models and others
# load files on each.
one_backend = pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """A generator as it is saved."""
    path = tmp_path_factory.mktemp("safety") / "generator.keras"
    model = AdaINGenerator(width=8, multipliers=(1,), attention={"heads": 1})
    model.build()
    model.save(path)
    return path


def changed(saved, path, change=None, **members):
    """A copy of a `.keras` file with another configuration or other members."""
    with zipfile.ZipFile(saved) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(content["config.json"])
    if change:
        change(config)
        content["config.json"] = json.dumps(config).encode()
    members = {name.replace("__", "."): value for name, value in members.items()}
    content = {**content, **members}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in content.items():
            if value is not None:
                archive.writestr(name, value)
    return path


def refused(path, match, expected=AdaINGenerator):
    with pytest.raises(InputError, match=match) as caught:
        load_trained(path, expected, "--weights")
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def entry(kind, module, name=None, config=None):
    """An object of a configuration."""
    named = {"class_name": kind, "module": module, "registered_name": name}
    return {**named, "config": {} if config is None else config}


@one_backend
class TestKerasFiles:
    @pytest.mark.parametrize("name", [None, "Thing", "hwgen_keras>CLIPCondition"])
    def test_no_module_is_imported(self, saved, tmp_path, monkeypatch, name):
        marker = tmp_path / "it ran"
        code = f"open({str(marker)!r}, 'w').close()\nclass Thing: pass\n"
        (tmp_path / "somebodys_module.py").write_text(code)
        monkeypatch.syspath_prepend(tmp_path)

        def change(config):
            config["config"]["condition"] = entry("Thing", "somebodys_module", name)

        refused(
            changed(saved, tmp_path / "m.keras", change),
            "asks for somebodys_module.Thing, which is no part of a model",
        )
        assert not marker.exists() and "somebodys_module" not in sys.modules

    @pytest.mark.parametrize(
        ("kind", "module", "config"),
        [
            ("system", "os", {}),
            ("function", "os", "system"),
            ("function", "keras.utils", "get_file"),
            ("function", "keras.saving", "load_model"),
            ("FeatureSpace", "keras.utils", {}),
            ("get_file", "keras.src.utils.file_utils", {}),
            ("clear_session", "keras", {}),
            ("clone_model", "keras.models", {}),
            ("Tool", "keras.utils.layers", {}),
            ("eval", "builtins", {}),
            ("getattr", "builtins", {}),
            ("GridMask", "keras_cv.layers", {}),
            ("__typespec__", "tensorflow", []),
            ("Thing", None, {}),
        ],
    )
    def test_other_modules_and_functions(self, saved, tmp_path, kind, module, config):
        def change(whole):
            inside = entry(kind, module, kind, config)
            whole["config"]["attention"] = {"deep": [{"inside": inside}]}

        path = changed(saved, tmp_path / "m.keras", change)
        refused(path, "which is no part of a model of Keras or of hwgen_keras; import")

    def test_code(self, saved, tmp_path):
        layers = [keras.Input((4,)), keras.layers.Lambda(lambda x: x + 1)]
        keras.Sequential(layers).save(tmp_path / "lambda.keras")
        refused(tmp_path / "lambda.keras", "holds a Lambda, which can run any program")

        def change(config):
            config["config"]["condition"] = entry("__lambda__", "builtins", "lambda")

        path = changed(saved, tmp_path / "m.keras", change)
        refused(path, "holds a lambda, which can run any program")

    @pytest.mark.parametrize(
        "kind", ["TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"]
    )
    def test_layers_of_keras_that_hold_code_of_others(self, saved, tmp_path, kind):
        def change(config):
            config["config"]["condition"] = entry(kind, "keras.layers")

        path = changed(saved, tmp_path / "m.keras", change)
        refused(path, f"holds a {kind}, which can run any program")

    def test_parts_of_keras_and_of_the_program_itself_may_be_in_it(self, tmp_path):
        @keras.saving.register_keras_serializable("somebody")
        class Own(keras.layers.Layer):
            def call(self, x):
                return x

        layers = [keras.layers.Dense(2, activation=keras.activations.gelu), Own()]
        model = keras.Sequential([keras.Input((4,)), *layers])
        model.compile(keras.optimizers.Adam(), keras.losses.MeanSquaredError())
        model.save(tmp_path / "own.keras")
        try:
            loaded = load_trained(tmp_path / "own.keras", keras.Model, "")
        finally:
            del keras.saving.get_custom_objects()["somebody>Own"]
        assert isinstance(loaded.layers[1], Own)
        refused(tmp_path / "own.keras", "asks for .*Own, which is no part", keras.Model)

    def test_another_model(self, tmp_path):
        layers = [keras.Input((4,)), keras.layers.Dense(2)]
        keras.Sequential(layers).save(tmp_path / "m.keras")
        refused(tmp_path / "m.keras", "holds a Sequential, not a AdaINGenerator; give")

    def test_what_a_newer_package_has(self, saved, tmp_path):
        def change(config):
            name = "hwgen_keras>Rhythm"
            rhythm = entry("Rhythm", "hwgen_keras.layers.rhythm", name)
            config["config"]["condition"] = rhythm

        path = changed(saved, tmp_path / "m.keras", change)
        refused(path, "holds a Rhythm, which this hwgen_keras does not have")

    def test_a_newer_keras(self, saved, tmp_path):
        newer = json.dumps({"keras_version": "99.1.0"}).encode()
        path = changed(saved, tmp_path / "same.keras", metadata__json=newer)
        assert isinstance(load_trained(path, AdaINGenerator, ""), AdaINGenerator)

        def change(config):
            config["config"]["colours"] = 3

        path = changed(saved, tmp_path / "m.keras", change, metadata__json=newer)
        refused(path, r"made by a newer Keras \(99.1.0\) than this one \(3\..*upgrade")
        refused(
            changed(saved, tmp_path / "old.keras", change),
            "cannot be loaded as a model of hwgen_keras",
        )

    def test_damage(self, saved, tmp_path):
        whole, path = saved.read_bytes(), tmp_path / "m.keras"
        for length in (0, 100, len(whole) // 2, len(whole) - 10):
            path.write_bytes(whole[:length])
            refused(path, "is not a complete .keras file; it may be truncated")
        # A weight that is a little wrong would not be noticed otherwise.
        middle = len(whole) // 2
        flipped = bytes([whole[middle] ^ 1])
        path.write_bytes(whole[:middle] + flipped + whole[middle + 1 :])
        refused(path, r"is damaged \(in model.weights.h5\); get the file again")
        for weights, message in (
            (b"no HDF5", "cannot be loaded as a model"),
            (None, "it holds no config.json or no weights"),
        ):
            refused(changed(saved, path, model__weights__h5=weights), message)
        for config, message in (
            (b"{", "not a .keras file that can be read"),
            (b"[" * 100_000, "not a .keras file that can be read"),
            (b"[1]", "its config.json names no model"),
            (b'{"class_name": {}, "config": 1}', "its config.json names no model"),
        ):
            refused(changed(saved, path, config__json=config), message)

        def change(whole):
            whole["config"]["condition"] = {"class_name": ["a"], "config": {}}

        refused(changed(saved, path, change), "an object in its config.json has no cla")

    def test_what_would_fill_the_memory(self, saved, tmp_path):
        spaces = b" " * (1 << 26)
        path = changed(saved, tmp_path / "m.keras", config__json=b"{}" + spaces)
        assert path.stat().st_size < 1e6
        refused(path, "config.json in it would unpack to 67108866 bytes; do not use")

    def test_weights_may_be_packed_but_not_to_nothing(
        self, saved, tmp_path, rng, monkeypatch
    ):
        monkeypatch.setattr(keras_file, "_LARGEST_MEMBER", 1 << 16)
        half = rng.bytes(1 << 16) + bytes(1 << 16)
        registered = keras.saving.get_custom_objects()
        path = changed(saved, tmp_path / "half.keras", extra=half)
        assert check_keras_file(path, "it", registered)
        path = changed(saved, tmp_path / "nothing.keras", extra=bytes(1 << 20))
        refused(path, "extra in it would unpack to 1048576 bytes; do not use")

    def test_the_check_tells_the_version(self, saved):
        registered = keras.saving.get_custom_objects()
        assert check_keras_file(saved, "it", registered) == keras.__version__


def field(number, content):
    """A field of a message of Protocol Buffers: bytes, or an integer below 128."""
    if isinstance(content, int):
        return bytes([number << 3, content])
    length, size = b"", len(content)
    while size > 127:
        length, size = length + bytes([size & 127 | 128]), size >> 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + content


def onnx_model(node=b"", tensor=b"", operators=b""):
    graph = field(1, field(4, b"Add") + node) + field(5, tensor + field(9, b"1" * 300))
    return field(1, 9) + field(7, graph) + field(8, operators + field(2, 18))


@pytest.mark.backend_free
class TestOnnxFiles:
    def test_a_whole_one_is_read(self, tmp_path):
        path = tmp_path / "model.onnx"
        path.write_bytes(onnx_model(node=field(7, b"ai.onnx")))
        assert check_onnx_file(path) == path.read_bytes()

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (b"", "is not a complete ONNX file"),
            (b"\x89PNG\r\n\x1a\n" * 9, "is not a complete ONNX file"),
            (onnx_model()[:-9], "is not a complete ONNX file"),
            (onnx_model()[:100], "is not a complete ONNX file"),
            (onnx_model(node=field(7, b"evil")), "needs operations of 'evil'"),
            (onnx_model(operators=field(1, b"evil")), "needs operations of 'evil'"),
            (
                onnx_model(tensor=field(13, field(1, b"location"))),
                "refers to other files for its weights",
            ),
            (onnx_model(tensor=field(14, 1)), "refers to other files for its weights"),
            # A subgraph of an If: attribute, graph, tensor.
            (
                onnx_model(node=field(5, field(6, field(5, field(14, 1))))),
                "refers to other files",
            ),
            (
                onnx_model(node=field(5, field(6, field(1, field(7, b"evil"))))),
                "needs operations of 'evil'",
            ),
        ],
    )
    def test_others_are_refused(self, tmp_path, content, message):
        path = tmp_path / "model.onnx"
        path.write_bytes(content)
        with pytest.raises(InputError, match=message):
            check_onnx_file(path)

    @pytest.mark.parametrize(("subgraphs", "fine"), [(20, True), (21, False)])
    def test_graphs_in_graphs_may_be_64_messages_deep(self, tmp_path, subgraphs, fine):
        node = b""
        for _ in range(subgraphs):
            node = field(5, field(6, field(1, node)))
        path = tmp_path / "model.onnx"
        path.write_bytes(onnx_model(node=node))
        if fine:
            assert check_onnx_file(path)
        else:
            with pytest.raises(InputError, match="is not a complete ONNX file"):
                check_onnx_file(path)
