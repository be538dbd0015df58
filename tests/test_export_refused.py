"""What cannot be exported is refused, and nothing of it is left."""

import json
import pathlib
import types

import pytest
import same_process
from networks import BACKEND, CLASSES, generator, image_classifier

from experiments import export
from hwgen_keras.characters import StructureTokenizer
from hwgen_keras.errors import InputError
from hwgen_keras.export import export_model, exporter
from hwgen_keras.models import Classifier, PatchDiscriminator

pytestmark = pytest.mark.skipif(BACKEND != "tensorflow", reason="exports take long")

KNOWN = "アイウエ"


class TestRefused:
    @pytest.fixture
    def file(self, tmp_path):
        (tmp_path / "model.keras").write_bytes(b"")
        return tmp_path / "model.keras"

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ({"formats": ("tflite",)}, "--format: tflite is no format"),
            ({"formats": ()}, "--format: nothing is no format"),
            ({"storage": "int8"}, "--storage=int8: use float32 or float16"),
        ],
    )
    def test_arguments(self, file, arguments, message):
        with pytest.raises(InputError, match=message):
            export_model(file, file.with_name("out"), **arguments)

    def test_which_model(self, tmp_path):
        output = str(tmp_path / "out")
        for values in ({}, {"run": "a", "weights": "b"}):
            with pytest.raises(InputError, match="Give --run.* one of the two"):
                export.Settings(output=output, **values)
        settings = export.Settings(output=output, run=str(tmp_path))
        with pytest.raises(InputError, match="--run .* holds none of generator.keras"):
            export.main(settings)

    def test_names(self, file, tmp_path):
        with pytest.raises(InputError, match="exists already"):
            export_model(file, tmp_path)
        with pytest.raises(InputError, match="There is no file nowhere.keras"):
            export_model("nowhere.keras", tmp_path / "out")

    def test_missing_packages_are_reported(self, file, monkeypatch):
        monkeypatch.setattr(exporter.importlib.util, "find_spec", lambda name: None)
        with pytest.raises(InputError, match=r"needs onnx, .*'hwgen_keras\[onnx\]'"):
            export_model(file, file.with_name("out"), formats=("onnx",))

    @pytest.mark.parametrize(
        ("answer", "message"),
        [
            ({"difference": 2e-3, "where": "image of serve"}, "of serve .*2.0e-03"),
            ({"difference": float("inf"), "where": "x of y"}, "differs .* by inf"),
            (None, "does not run by itself as saved_model .no good.; nothing"),
        ],
    )
    def test_nothing_is_left_of_what_differs(
        self, file, tmp_path, monkeypatch, answer, message
    ):
        def run(command, **environment):
            if "hwgen_keras.export.writer" in command:
                request = json.loads(pathlib.Path(command[-2]).read_text("utf-8"))
                pathlib.Path(request["saved_model"]).mkdir()
                pathlib.Path(command[-1]).write_text("{}")
                return types.SimpleNamespace(returncode=0)
            return types.SimpleNamespace(
                returncode=int(answer is None),
                stdout=f"a line\n{json.dumps(answer)}\n",
                stderr="Traceback\nno good\n",
            )

        monkeypatch.setattr(exporter, "_run", run)
        with pytest.raises(InputError, match=message):
            export_model(file, tmp_path / "out")
        assert [path.name for path in tmp_path.iterdir()] == ["model.keras"]

    def test_other_models(self, tmp_path, monkeypatch):
        monkeypatch.setattr(exporter, "_run", same_process.run)
        discriminator = PatchDiscriminator(widths=(8, 8))
        discriminator.build()
        discriminator.save(tmp_path / "discriminator.keras")
        with pytest.raises(InputError, match="a PatchDiscriminator has no export"):
            export_model(tmp_path / "discriminator.keras", tmp_path / "out")
        assert not (tmp_path / "out").exists()


def test_what_does_not_fit_the_model_is_reported():
    from hwgen_keras.bundle.description import pack_structures
    from hwgen_keras.export.writer import _characters, _values

    request = {"characters": list("あいう"), "structures": None}
    model = image_classifier()
    with pytest.raises(InputError, match="on 4 characters and is used with 3 char"):
        _characters(model, list("あいう"))
    named = Classifier(model.encoder, CLASSES, characters=KNOWN)
    assert _characters(named, None) == _characters(named, list(KNOWN)) == list(KNOWN)
    with pytest.raises(InputError, match="number 0 is ア there and エ here"):
        _characters(named, list(KNOWN[::-1]))
    # The characters of a generator that reads structures are any that have one.
    of_structures = generator("adain_clip", multipliers=(1,))
    of_classes = generator("adain_embedding", multipliers=(1,))
    assert _characters(of_structures, list("あ")) == ["あ"]
    with pytest.raises(InputError, match="on 4 characters and is used with 3"):
        _values(of_classes, request)
    tokenizer = StructureTokenizer({c: ((c,),) for c in "あいう"})
    other = {**request, "structures": pack_structures(tokenizer)}
    with pytest.raises(InputError, match="of 12 tokens .* with sequences of 3 ou"):
        _values(of_structures, other)
    assert _values(of_structures, request) is None
    assert _values(generator(multipliers=(1,)), other) is None
    four = {**request, "characters": list(KNOWN)}
    labels = _values(of_classes, four)["label"]
    assert labels.tolist() == [0, 1, 2, 3]
    assert _values(model, four) is None
