"""The script that teaches a stroke writer one hand, for a few steps on tiny data."""

import json
import signal

import keras
import numpy as np
import pytest
from hand_folder import characters_file, hand_folder
from networks import BACKEND
from stroke_writers import POINTS, stroke_writer

from experiments import adapt_hand
from hwgen_keras import training
from hwgen_keras.data import SIMULATED, StrokeStore
from hwgen_keras.errors import InputError, Stopped
from hwgen_keras.models import AdaINGenerator, StrokeWriter, load_trained
from hwgen_keras.sources import PenWriter
from hwgen_keras.training import callbacks

two_backends = pytest.mark.skipif(BACKEND == "jax", reason="two backends are enough")
one_backend = pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")

HAND = "一二口日木永"
TINY = {"batch_size": 8, "steps": 4, "interval": 2, "simulated_writers": 1}


def tracks_of(seed, characters=HAND, points=POINTS):
    return [PenWriter(seed).track(c, points=points) for c in characters]


def save_store(path, **hands):
    """Writes a stroke store of hands, {name: tracks}; returns its path as text."""
    tracks = [track for tracks in hands.values() for track in tracks]
    names = [name for name, tracks in hands.items() for _ in tracks]
    StrokeStore.of_tracks(tracks, names, SIMULATED).save(path)
    return str(path)


@pytest.fixture(scope="module")
def arguments(tmp_path_factory):
    """Flags, with an untrained writer, and a store of one hand."""
    folder = tmp_path_factory.mktemp("adapt")
    keras.utils.set_random_seed(0)
    stroke_writer(steps=1).save(folder / "generator.keras")
    return {
        **TINY,
        "generator_weights": str(folder),
        "strokes": [save_store(folder / "hand.store", hanako=tracks_of(7))],
        "characters": characters_file(folder, HAND),
        "cache": "",
    }


def call(arguments, **values):
    return adapt_hand.main(adapt_hand.Settings(**{**arguments, **values}))


def tracks(arguments, **values):
    """The hand's tracks and the others', as the script loads them."""
    settings = adapt_hand.Settings(**{**arguments, **values})
    return training.hand_tracks(settings, POINTS)


def moved(arguments, path):
    """The names of the weights that differ from the given writer's."""
    before, after = (
        load_trained(p, StrokeWriter, "", "generator.keras")
        for p in (arguments["generator_weights"], path.parent)
    )
    return {
        a.path.split("/", 1)[1]
        for a, b in zip(after.weights, before.weights, strict=True)
        if not np.array_equal(*map(keras.ops.convert_to_numpy, (a, b)))
    }


@pytest.fixture(scope="module")
def whole(arguments, tmp_path_factory):
    """The folder of a run that nobody stopped."""
    run = tmp_path_factory.mktemp("whole") / "run"
    return call(arguments, run_dir=str(run)).parent


@two_backends
def test_it_learns_and_the_held_out_tracks_tell(arguments, whole):
    names = moved(arguments, whole / "generator.keras")
    assert len(names) > 20 and not any("track_features" in name for name in names)
    measured = json.loads((whole / "metrics.json").read_text())
    assert measured["held_out_after"] < measured["held_out_before"]
    notes = json.loads((whole / "config.json").read_text("utf-8"))["notes"]
    assert notes["known"] == 5 and notes["held_out"] in HAND
    lines = (whole / "history.jsonl").read_text().splitlines()
    losses = [json.loads(line)["held_out_loss"] for line in lines]
    assert measured["held_out_after"] == min(losses)
    assert sorted(p.name for p in (whole / "samples").iterdir())[-1].endswith("04.png")


@one_backend
def test_a_resumed_run_equals_one_that_never_stopped(
    arguments, whole, tmp_path, monkeypatch, capsys
):
    count = callbacks.Progress.on_train_batch_end

    def interrupt_at_3(self, batch, logs=None):
        count(self, batch, logs)
        if self.step == 3:
            signal.raise_signal(signal.SIGINT)

    run = {"run_dir": str(tmp_path / "parts")}
    with monkeypatch.context() as patch:
        patch.setattr(callbacks.Progress, "on_train_batch_end", interrupt_at_3)
        with pytest.raises(Stopped, match="SIGINT: stopped after step 3 of 4"):
            call(arguments, **run)
    path = adapt_hand.main(adapt_hand.Settings(**run, resume=True))
    printed = capsys.readouterr().out
    assert "weights learn from 5 tracks; 1 are held out" in printed
    assert "Loss of what is held out:" in printed
    assert moved({"generator_weights": str(whole)}, path) == set()
    for name in ("metrics.json", "held_out.json"):
        assert (whole / name).read_text() == (path.parent / name).read_text()


@one_backend
@pytest.mark.parametrize(
    ("part", "names"),
    [
        ("modulation", ("modulation/",)),
        ("style", ("pair_", "to_code/")),
        ("decoder", ("block_1/", "last_")),
    ],
)
def test_a_part_learns(arguments, tmp_path, part, names):
    path = call(arguments, run_dir=str(tmp_path / "run"), part=part)
    learned = moved(arguments, path)
    assert learned and all(any(n in name for n in names) for name in learned)


@one_backend
def test_a_hand_is_taken_from_images(arguments, tmp_path, capsys):
    hand = hand_folder(tmp_path / "hanako", "一二口")
    images = {"handwriting": [str(hand)], "strokes": [], "simulated_writers": 0}
    path = call(arguments, **images, run_dir=str(tmp_path / "run"))
    assert moved(arguments, path)
    assert "none was held out" in capsys.readouterr().out


@one_backend
class TestHands:
    def test_other_writers_are_learned_beside_it(self, arguments, tmp_path):
        store = save_store(
            tmp_path / "two.store", hanako=tracks_of(7), taro=tracks_of(8, "一二")
        )
        hand, others = tracks(arguments, strokes=[store], writer="hanako")
        assert hand.source_names == ("hanako",) and len(hand) == 6
        names = {others.source_names[source] for source in others.sources}
        assert names == {"taro", "pen-0000"}
        # Beside images all writers of the stores are others.
        folder = hand_folder(tmp_path / "jiro", "一口")
        hand, others = tracks(
            {**arguments, "simulated_writers": 0},
            strokes=[store],
            handwriting=[str(folder)],
        )
        assert hand.source_names == ("jiro",)
        assert len(others) == 8
        assert tracks({**arguments, "simulated_writers": 0})[1] is None

    def test_what_is_held_out_is_not_among_the_others(self, arguments, tmp_path):
        own = {PenWriter(0).name: tracks_of(0)}
        store = save_store(tmp_path / "pen.store", **own)
        hand, others = tracks(arguments, strokes=[store], simulated_writers=2)
        assert hand.source_names == ("pen-0000",)
        assert {others.source_names[k] for k in others.sources} == {"pen-0001"}

    def test_points_are_those_of_the_writer(self, arguments, tmp_path):
        store = save_store(tmp_path / "a.store", hanako=tracks_of(7, points=12))
        hand, others = tracks(arguments, strokes=[store])
        assert hand.points == others.points == POINTS

    def test_the_share_of_the_hand(self, arguments):
        settings = adapt_hand.Settings(**arguments, own_share=0.8)
        hand, others = training.hand_tracks(settings, POINTS)
        sampler = training.hand_sampler(settings, hand, others)
        own = sampler.store.source_names.index("hanako")
        weights = sampler.weights / sampler.weights.sum()
        assert weights[sampler.sources == own].sum() == pytest.approx(0.8)
        alone = training.hand_sampler(settings, hand, None)
        assert len(alone.weights) == 6 and (np.diff(alone.weights) == 0).all()

    def test_held_out_tracks_are_not_shown(self, arguments):
        settings = adapt_hand.Settings(**arguments)
        hand, _ = training.hand_tracks(settings, POINTS)
        known, held = training.divide_tracks(hand, 0)
        sampler = training.hand_sampler(settings, hand, None)
        batch = training.held_out_tracks(sampler, held)
        assert len(batch["points"]) >= 64
        lines = [hand.track(k).filling().points[0] for k in held]
        shown = batch["hand_points"][batch["hand_mask"]][:, 0]
        for line in lines:
            assert (np.abs(shown - line).max(axis=(1, 2)) > 1e-4).all()
        assert sorted([*known, *held]) == list(range(6))


@one_backend
def test_a_strange_track_does_not_outweigh_the_others():
    losses = np.array([[1, 2, 90], [3, 4, 110]]).ravel()
    assert training.median_of_tracks(3)(losses) == 3


MISTAKES = {
    "no hand": ({"strokes": []}, "A hand is needed: give --handwriting images by one"),
    "perceptual": ({"clip_weights": "a"}, "--clip_weights is for a generator of image"),
    "pixels": ({"pixel_weight": 1.0}, "--pixel_weight is for a generator of images"),
    "share": ({"own_share": 1.0}, "--own_share is 1.0; give"),
    "writer": ({"writer": "taro"}, "--writer: --strokes has no writer 'taro'"),
}


@one_backend
@pytest.mark.parametrize("values, message", MISTAKES.values(), ids=MISTAKES)
def test_mistakes_get_one_sentence(arguments, tmp_path, values, message):
    with pytest.raises(InputError) as error:
        call({**arguments, "run_dir": str(tmp_path / "run"), **values})
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "run" / "generator.keras").exists()


@one_backend
def test_one_character_is_no_hand(arguments, tmp_path):
    hand = hand_folder(tmp_path / "hanako", "永")
    images = {"handwriting": [str(hand)], "strokes": []}
    message = "--handwriting: hanako wrote one character, 永, .* so give two or more"
    with pytest.raises(InputError, match=message):
        call(arguments, **images, run_dir=str(tmp_path / "a"))
    store = save_store(
        tmp_path / "a.store", taro=[*tracks_of(1, "永"), *tracks_of(2, "永")]
    )
    with pytest.raises(InputError, match="--strokes: taro wrote one character, 永"):
        call(arguments, strokes=[store], run_dir=str(tmp_path / "b"))


@one_backend
def test_flags_of_a_stroke_writer_are_its_own(arguments, tmp_path):
    keras.utils.set_random_seed(0)
    model = AdaINGenerator(width=8, multipliers=(1, 2))
    model.build()
    model.save(tmp_path / "generator.keras")
    given = {**arguments, "generator_weights": str(tmp_path)}
    with pytest.raises(
        InputError, match="--strokes is for a stroke writer, not for Ad"
    ):
        call(given, run_dir=str(tmp_path / "a"))
    stroke_writer("embedding").save(tmp_path / "generator.keras")
    with pytest.raises(InputError, match="has a condition, which is not given here"):
        call(given, run_dir=str(tmp_path / "b"))
