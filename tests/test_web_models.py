"""web/models.py: a stroke writer as three graphs, and the packed strokes of KanjiVG."""

import importlib.util
import warnings

import numpy as np
import pytest
from networks import BACKEND
from stroke_writers import stroke_writer, writer_inputs

from hwgen_keras import samplers
from hwgen_keras.characters import kanjivg
from hwgen_keras.errors import InputError
from hwgen_keras.sources.strokes import bezier_curves, resample, strokes
from web import models

TEXT = "永っ。「a驚一"


@pytest.mark.backend_free
class TestStrokes:
    def test_curves_lie_where_the_strokes_do(self):
        for character in TEXT:
            curves, wanted = bezier_curves(character), strokes(character)
            assert len(curves) == len(wanted)
            for stroke, line in zip(curves, wanted, strict=True):
                parts = [stroke[:1]]
                t = np.linspace(0, 1, 25)[1:, None]
                for k in range(0, len(stroke) - 1, 3):
                    a, b, c, d = stroke[k : k + 4]
                    ends = (1 - t) ** 3 * a + t**3 * d
                    parts.append(ends + 3 * (1 - t) * t * ((1 - t) * b + t * c))
                points = resample(np.concatenate(parts) / kanjivg.BOX, len(line))
                np.testing.assert_allclose(points, line, atol=1e-6)

    def test_packed_strokes_are_whole(self):
        packed = models.packed_strokes(TEXT)
        curves = [bezier_curves(character) for character in TEXT]
        counts = [len(character) for character in curves]
        every = [stroke for character in curves for stroke in character]
        head = len(counts) + len(every)
        assert list(packed[: len(counts)]) == counts
        assert list(packed[len(counts) : head]) == [(len(s) - 1) // 3 for s in every]
        low_x, low_y, high_x, high_y = np.frombuffer(packed[head:], np.uint8).reshape(
            4, -1
        )
        steps = np.stack(
            [low_x + 256 * high_x.astype(int), low_y + 256 * high_y.astype(int)]
        )
        points = np.cumsum(steps.astype(np.int16).astype(int), axis=1).T / 100
        np.testing.assert_allclose(points, np.concatenate(every), atol=0.0051)

    def test_a_character_that_is_unknown(self):
        with pytest.raises(InputError, match="no strokes for the character"):
            models.packed_strokes("山☃")


@pytest.mark.backend_free
class TestMakeModels:
    def test_without_the_models(self, tmp_path):
        with pytest.raises(
            InputError, match="There is no .*model.keras; get the models"
        ):
            models.make_models(tmp_path, tmp_path)
        assert not any(tmp_path.iterdir())

    def test_a_damaged_model(self, tmp_path):
        (tmp_path / "model.keras").write_bytes(b"no model")
        with pytest.raises(
            InputError, match="model.keras cannot be written for the page"
        ):
            models.writer_graphs(tmp_path / "model.keras", tmp_path)


needs_tensorflow = pytest.mark.skipif(
    BACKEND != "tensorflow" or not importlib.util.find_spec("tf2onnx"),
    reason="graphs are written with TensorFlow and tf2onnx",
)


@needs_tensorflow
class TestGraphs:
    @pytest.fixture(scope="class")
    @classmethod
    def written(cls, tmp_path_factory):
        """A tiny writer, and the folder of its graphs."""
        from hwgen_keras.export import writer_steps

        folder, writer = tmp_path_factory.mktemp("graphs"), stroke_writer(steps=4)
        writer.save(folder / "model.keras")
        with warnings.catch_warnings():
            # Those of tf2onnx.
            warnings.simplefilter("ignore")
            writer_steps.write(folder / "model.keras", folder)
        return writer, folder

    def test_they_compute_their_examples(self, written):
        for name in models.GRAPHS:
            assert models.graph_difference(written[1], name) < 1e-4
        file = written[1] / "lines-outputs.npz"
        kept = file.read_bytes()
        outputs = dict(np.load(file))
        np.savez(file, **outputs | {"radii": outputs["radii"] + np.nan})
        assert models.graph_difference(written[1], "lines") == np.inf
        file.write_bytes(kept)

    def test_sampled_with_them_tracks_are_those_of_the_writer(self, written):
        import onnxruntime

        from hwgen_keras.export.writer_steps import facts

        writer, folder = written
        sessions = {
            name: onnxruntime.InferenceSession(folder / f"{name}.onnx")
            for name in models.GRAPHS
        }

        def run(name, **inputs):
            names = [output.name for output in sessions[name].get_outputs()]
            return dict(zip(names, sessions[name].run(None, inputs), strict=True))

        inputs = writer_inputs()
        hand = {k: v[:1] for k, v in inputs.items() if k.startswith("hand_")}
        wanted = writer(inputs | hand)
        encoded = run("hand", **hand)
        frame = encoded.pop("frame")
        shared = {name: inputs[name] for name in ("template", "template_mask")}

        def denoise(noisy, log_snr):
            given = {"noisy": np.array(noisy), "log_snr": np.array(log_snr)[None]}
            estimate = run("step", **given, **shared, **encoded)["estimate"]
            return np.clip(estimate, -6, 6)

        steps = samplers.sampling_log_snrs(
            writer.schedule, writer.steps, writer.spacing
        )
        drawn = np.array(facts(writer)["drawn"])
        noise = (drawn * writer.temperature * inputs["noise"]).astype("float32")
        features = np.array(samplers.dpm_solver(denoise, noise, steps))
        found = run("lines", features=features, **shared, frame=frame)
        for name, values in found.items():
            np.testing.assert_allclose(values, wanted[name], atol=1e-4)

    def test_facts_tell_how_to_sample(self, written):
        from hwgen_keras.export.writer_steps import facts

        writer = written[0]
        found = facts(writer)
        assert found["points"] == 8 and found["features"] == writer.network.features
        assert len(found["logSnrs"]) == 4 and found["logSnrs"][0] == -10
        assert found["temperature"] == 0.5 and found["guidance"] == 1.0

    def test_a_sampler_that_the_page_lacks(self):
        from hwgen_keras.export.writer_steps import facts

        with pytest.raises(InputError, match="its sampler is heun; the page has"):
            facts(stroke_writer(sampler="heun"))

    @pytest.mark.parametrize(
        ("condition", "sampling", "message"),
        [
            ("embedding", {}, "has a condition; export a writer without"),
            (None, {"join_temperature": 1.0}, "has a join_temperature; export one wit"),
        ],
    )
    def test_a_writer_with_what_the_page_lacks(
        self, tmp_path, condition, sampling, message
    ):
        from hwgen_keras.export import writer_steps

        stroke_writer(condition, **sampling).save(tmp_path / "model.keras")
        with pytest.raises(InputError, match=message):
            writer_steps.write(tmp_path / "model.keras", tmp_path)
