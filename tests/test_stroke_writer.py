"""The tracks of the stroke writer, its guidance, and its training."""

import keras
import numpy as np
import pytest
from keras import ops
from networks import BACKEND, JIT, compiled
from stroke_writers import (
    POINTS,
    stroke_diffusion,
    stroke_writer,
    track_batch,
    writer_inputs,
)
from test_models import POLICIES, check_fit, check_model

from hwgen_keras import samplers
from hwgen_keras.errors import InputError
from hwgen_keras.layers import StrokeRenderer, by_stroke
from hwgen_keras.models import (
    AveragingAdam,
    averaged,
)


@pytest.fixture(scope="module")
def writer():
    return stroke_writer("embedding", steps=2)


@pytest.fixture(scope="module")
def write(writer):
    """A function, inputs → track, without guidance."""
    return compiled(writer)


@pytest.fixture(scope="module")
def written(write):
    return write(writer_inputs())


@pytest.mark.parametrize("condition", [None, "embedding"])
def test_model(condition, tmp_path):
    shapes = {"points": (2, 5, POINTS, 2), "radii": (2, 5, POINTS)}
    check_model(
        lambda policy: stroke_writer(condition, policy),
        writer_inputs(),
        shapes,
        tmp_path,
    )


@pytest.mark.parametrize("policy", POLICIES)
def test_one_step_of_fit(policy):
    if (BACKEND, policy) == ("jax", "mixed_bfloat16"):
        pytest.skip("long to compile; mixed_float16 has what it has")

    def compile_model(model):
        model.compile(optimizer=keras.optimizers.Adam(1e-3), jit_compile=JIT)
        return model

    check_fit(
        lambda policy: stroke_diffusion("embedding", policy),
        compile_model,
        track_batch(),
        None,
        policy,
    )


def change(inputs, name):
    """The inputs with other values of one of them in the first row."""
    value = inputs[name].copy()
    if value.dtype == bool:
        value[0, 1:] = False
    elif name == "label":
        value[0] += 1
    else:
        value[0] = value[0] * 0.9 + 0.01
    return {**inputs, name: value}


class TestTracks:
    def test_one_input_gives_one_track(self, write, written):
        again = write(writer_inputs())
        for name in written:
            np.testing.assert_array_equal(again[name], written[name])
            assert written[name].dtype == np.float32
        assert np.isfinite(written["points"]).all()
        assert (written["radii"][0] > 0).any()

    @pytest.mark.parametrize(
        "name",
        [
            *("template", "template_mask", "noise", "label"),
            *("hand_template", "hand_points", "hand_radii", "hand_mask"),
        ],
    )
    def test_each_input_matters_to_its_row_alone(self, name, write, written):
        track = write(change(writer_inputs(), name))
        assert np.abs(track["points"][0] - written["points"][0]).max() > 1e-5
        np.testing.assert_allclose(track["points"][1], written["points"][1], atol=1e-5)

    def test_what_fills_up_changes_nothing(self, write, written):
        inputs = writer_inputs()
        for name, mask in (("template", "template_mask"), ("noise", "template_mask")):
            inputs[name] = np.where(
                inputs[mask][..., *[None] * (inputs[name].ndim - 2)], inputs[name], 7
            )
        for name in ("hand_template", "hand_points", "hand_radii"):
            mask = inputs["hand_mask"].reshape(2, -1, *[1] * (inputs[name].ndim - 2))
            inputs[name] = np.where(mask, inputs[name], 0.3).astype("float32")
        inputs["noise"] = inputs["noise"].astype("float32")
        inputs["template"] = inputs["template"].astype("float32")
        track = write(inputs)
        kept = [slice(None), slice(0, 3)]
        for row, lines in enumerate(kept):
            for name in track:
                np.testing.assert_allclose(
                    track[name][row, lines], written[name][row, lines], atol=1e-5
                )
        assert (track["radii"][1, 3:] == 0).all()

    def test_more_columns_to_fill_up_change_nothing(self, writer, written):
        inputs = writer_inputs()
        for name in ("template", "template_mask", "noise"):
            more = np.zeros_like(inputs[name][:, :2])
            inputs[name] = np.concatenate([inputs[name], more], axis=1)
        track = compiled(writer)(inputs)
        assert track["points"].shape == (2, 9, POINTS, 2)
        np.testing.assert_allclose(
            track["points"][0, :5], written["points"][0], atol=1e-5
        )
        assert (track["radii"][0, 5:] == 0).all()

    def test_the_order_of_the_hands_strokes_does_not_matter(self, write, written):
        inputs = writer_inputs()
        for name in ("hand_template", "hand_points", "hand_radii", "hand_mask"):
            inputs[name] = inputs[name][:, [4, 2, 0, 3, 1]]
        np.testing.assert_allclose(
            write(inputs)["points"], written["points"], atol=1e-5
        )

    def test_one_hand_serves_all_rows(self, writer):
        inputs = writer_inputs(4)
        hands = [name for name in inputs if name.startswith("hand_")]
        two = {**inputs, **{name: inputs[name][:2] for name in hands}}
        four = {name: inputs[name][:2].repeat(2, axis=0) for name in hands}
        tracks = [compiled(writer)(x)["points"] for x in (two, {**inputs, **four})]
        np.testing.assert_allclose(*tracks, atol=1e-5)
        with pytest.raises(InputError, match="There are 3 hands for 4 rows of templat"):
            writer({**inputs, **{name: inputs[name][:3] for name in hands}})

    def test_no_hand_is_a_hand_without_strokes_and_a_dropped_one(self, writer):
        inputs = writer_inputs()
        empty = {**inputs, "hand_mask": np.zeros_like(inputs["hand_mask"])}
        dropped = {**inputs, "drop_hand": np.ones(2, bool)}
        plain = [
            writer(x)["points"] for x in (writer_inputs(hand=False), empty, dropped)
        ]
        plain = [ops.convert_to_numpy(points) for points in plain]
        np.testing.assert_allclose(plain[1], plain[0], atol=1e-5)
        np.testing.assert_allclose(plain[2], plain[0], atol=1e-5)

    def test_ways_begin_and_end_at_strokes(self, written):
        points = written["points"][0]
        np.testing.assert_allclose(points[1::2, 0], points[:-1:2, -1], atol=1e-6)
        np.testing.assert_allclose(points[1::2, -1], points[2::2, 0], atol=1e-6)

    def test_the_track_is_drawn(self, writer):
        image = ops.convert_to_numpy(writer.render(writer_inputs(), 16))
        assert image.shape == (2, 16, 16, 1)
        assert image.min() < -0.5 and image.max() == 1
        expected = StrokeRenderer(16)(writer(writer_inputs()))
        np.testing.assert_allclose(image, ops.convert_to_numpy(expected), atol=1e-4)


class TestSampling:
    def test_guidance_of_one_is_as_trained(self, writer, written):
        guided = writer.sampling(guidance={"hand": 1.0, "condition": 1.0})
        track = compiled(guided)(writer_inputs())
        np.testing.assert_array_equal(track["points"], written["points"])
        assert guided.network is writer.network

    def test_guidance_extrapolates_from_a_dropped_hand(self, writer):
        # One step of DDIM returns the estimate at the first level.
        inputs = writer_inputs()
        one = {"sampler": "ddim", "steps": 1}
        points = []
        for scale in (0.5, 1.0, 1.7):
            model = writer.sampling(**one, guidance={"hand": scale})
            track = model(inputs)["points"]
            # Displacements are linear in the estimate.
            points.append(ops.convert_to_numpy(track)[:, ::2] - inputs["template"])
        half, plain, guided = points
        np.testing.assert_allclose(guided, plain + 1.4 * (plain - half), atol=1e-4)
        assert np.abs(guided - plain).max() > 1e-4

    def test_temperature_scales_the_noise(self, writer):
        inputs = writer_inputs()
        half = writer.sampling(temperature=0.25)
        assert (half.temperature, half.steps, writer.temperature) == (0.25, 2, 0.5)
        halved = writer({**inputs, "noise": inputs["noise"] / 2})
        np.testing.assert_allclose(
            *(ops.convert_to_numpy(x["points"]) for x in (half(inputs), halved)),
            atol=1e-6,
        )

    def test_joins_have_a_temperature_of_their_own(self, writer):
        inputs = writer_inputs()
        joining = writer.sampling(join_temperature=1.0)
        assert (joining.temperature, joining.join_temperature) == (0.5, 1.0)
        joins = writer.network.track_features.joins
        noise = inputs["noise"] * np.where(joins, np.float32(2), np.float32(1))
        found, expected, other = (
            ops.convert_to_numpy(call(given)["points"])
            for call, given in (
                (joining, inputs),
                (writer, {**inputs, "noise": noise}),
                (writer, inputs),
            )
        )
        np.testing.assert_allclose(found, expected, atol=1e-6)
        assert np.abs(found - other).max() > 1e-5

    def test_a_hand_has_one_pen(self, writer):
        inputs = writer_inputs()
        features = writer.network.track_features
        assert np.flatnonzero(features.pens).tolist() == [12, 16]
        other = inputs["noise"] + np.where(features.pens, np.float32(3), np.float32(0))
        found, expected = (
            writer({**inputs, "noise": noise}) for noise in (other, inputs["noise"])
        )
        for name, values in found.items():
            np.testing.assert_array_equal(
                *map(ops.convert_to_numpy, (values, expected[name]))
            )

    def test_no_noise_puts_strokes_far_outside_the_box(self, writer):
        inputs = writer_inputs()
        track = writer({**inputs, "noise": 1e6 * inputs["noise"]})
        points = ops.convert_to_numpy(track["points"])[inputs["template_mask"].all(1)]
        assert np.abs(points - 0.5).max() < 5

    def test_levels_of_a_call(self, writer, written):
        levels = samplers.sampling_log_snrs("cosine", 2, "log_snr")
        track = writer(writer_inputs(), log_snrs=levels)
        np.testing.assert_allclose(
            ops.convert_to_numpy(track["points"]), written["points"], atol=1e-5
        )


class TestTraining:
    @pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")
    def test_a_track_is_learned_by_heart(self):
        keras.utils.set_random_seed(1)
        data = track_batch(1, seed=3)
        data = {name: value.repeat(16, axis=0) for name, value in data.items()}
        model = stroke_diffusion(drop_hand=0.0, min_snr_gamma=None)
        features = model.generator.network.track_features
        lines = by_stroke(data["points"], data["radii"])
        features.adapt([(data["template"], *lines, data["template_mask"])])
        model.compile(optimizer=AveragingAdam(1e-2, ema_momentum=0.9), jit_compile=JIT)
        losses = model.fit(data, batch_size=16, epochs=120, verbose=0).history["loss"]
        assert losses[-1] < 0.3 * losses[0]
        inputs = {k: v for k, v in data.items() if k not in ("points", "radii")}
        shape = 16, 3, features.width
        noise = np.random.default_rng(0).standard_normal(shape, "float32")
        with averaged(model):
            writer = model.generator.sampling(steps=8)
            track = compiled(writer)({**inputs, "noise": noise})
        coded = features.encode(data["template"], *lines)
        smooth, radii = features.decode(data["template"], coded, data["template_mask"])
        error = np.abs(track["points"] - ops.convert_to_numpy(smooth)).mean()
        moved = np.abs(data["points"][:, ::2] - data["template"]).mean()
        assert error < 0.8 * moved
        down = ops.convert_to_numpy(radii) > 0
        assert (down == (track["radii"] > 0)).mean() > 0.8

    def test_it_learns_from_where_the_frame_of_the_hand_puts_strokes(self, monkeypatch):
        data = track_batch(2, seed=3)
        model = stroke_diffusion(drop_hand=0.0)
        network = model.generator.network
        encode, given = network.track_features.encode, []

        def spy(template, lines, radii):
            given.append([ops.convert_to_numpy(x) for x in (template, radii)])
            return encode(template, lines, radii)

        monkeypatch.setattr(network.track_features, "encode", spy)
        model(data)
        frame = network.frame(data)
        _, radii = by_stroke(data["points"], data["radii"])
        expected = frame.place(data["template"]), frame.without_pen(radii)
        for found, value in zip(given[0], expected, strict=True):
            np.testing.assert_allclose(found, ops.convert_to_numpy(value), atol=1e-6)
        assert np.abs(given[0][0] - data["template"]).max() > 0.01

    def test_padding_does_not_change_the_features(self):
        data = track_batch()
        data["template_mask"][:] = True
        model = stroke_diffusion(drop_hand=0.0)
        features = model.generator.network.track_features
        other = {**data}
        for name in ("template", "template_mask"):
            more = np.zeros_like(data[name][:, :2])
            other[name] = np.concatenate([data[name], more], axis=1)
        for name in ("points", "radii"):
            more = np.full_like(data[name][:, :4], 0.3)
            other[name] = np.concatenate([data[name], more], axis=1)
        plain, filled = (
            features.encode(x["template"], *by_stroke(x["points"], x["radii"]))
            for x in (data, other)
        )
        # But for the way after the last stroke, which is lifted in both, and rounding:
        # other shapes are compiled otherwise.
        filled, plain = (ops.convert_to_numpy(x)[:, :2] for x in (filled, plain))
        np.testing.assert_allclose(filled, plain, atol=1e-5)

    def test_levels_are_evenly_spaced_and_hands_dropped(self):
        model = stroke_diffusion(drop_hand=0.5)
        dropped = [
            ops.convert_to_numpy(model._draw_dropped(8)["drop_hand"]) for _ in range(50)
        ]
        assert np.mean(dropped) == pytest.approx(0.5, abs=0.1)
        log_snr = np.sort(ops.convert_to_numpy(model._draw_levels(8)))
        times = 2 / np.pi * np.arctan(np.exp(-log_snr / 2))
        np.testing.assert_allclose(-np.diff(times), 1 / 8, atol=1e-4)
