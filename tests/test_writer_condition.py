"""Stroke writers with a condition on the character: its training, and what texts give.

The characters beyond its training are written without it.
"""

import keras
import numpy as np
import pytest
from networks import BACKEND, draw_weights, image_encoder
from stroke_writers import set_features

import hwgen_keras as hw
from experiments import flags, train_writer
from hwgen_keras.data import SIMULATED, StrokeStore, TrackSampler
from hwgen_keras.errors import InputError
from hwgen_keras.generation.tracks import write_tracks
from hwgen_keras.layers import CLIPCondition, EmbeddingCondition
from hwgen_keras.models import CLIP, ImageTower, TextEncoder, TextTower
from hwgen_keras.sources import PenWriter

CHARACTERS = "一二口日木"
# KanjiVG has it, and jis1 has not.
BEYOND = "呟"
TINY = {
    "size": "tiny",
    "batch_size": 4,
    "steps": 2,
    "interval": 2,
    "points": 12,
    "characters_each": 3,
    "held_out_writers": 1,
    "simulated_writers": 1,
    "pairs": 6,
}
one_backend = pytest.mark.skipif(BACKEND != "torch", reason="one backend is enough")


@pytest.fixture(scope="module")
def tokenizer():
    return hw.StructureTokenizer.for_characters(CHARACTERS)


@pytest.fixture(scope="module")
def tower(tokenizer):
    encoder = TextEncoder(
        *(tokenizer.vocabulary_size, tokenizer.length),
        **{"width": 8, "depth": 1, "heads": 2},
        vocabulary=tokenizer.vocabulary,
    )
    tower = TextTower(encoder, 8)
    tower.build()
    return tower


@pytest.fixture(scope="module")
def clip(tower, tmp_path_factory):
    """The folder of a CLIP."""
    folder = tmp_path_factory.mktemp("clip")
    model = CLIP(ImageTower(image_encoder(), 8), tower)
    model.build()
    model.save(folder / "clip.keras")
    return str(folder)


@pytest.fixture
def call(tmp_path):
    """`main` with these settings and a run folder."""
    file = tmp_path / "some.txt"
    file.write_text("\n".join(CHARACTERS) + "\n", encoding="utf-8")
    shared = {**TINY, "characters": str(file), "run_dir": str(tmp_path / "run")}
    return lambda **values: flags.call(train_writer, shared, **values)


def writer_with(condition):
    """An untrained writer whose weights are drawn."""
    network = hw.StrokeTransformer(
        **{"width": 16, "depth": 1, "heads": 2, "condition": condition},
        **{"points": 8, "coefficients": 4, "way_coefficients": 2},
    )
    writer = hw.StrokeWriter(network, steps=2)
    writer.build()
    draw_weights(writer)
    set_features(writer)
    return writer


# test_train_writer has the script on TensorFlow.
@one_backend
def test_a_writer_learns_with_the_structure_by_clip(call, clip, tower):
    path = call(condition="clip", clip_weights=clip)
    writer = hw.load_trained(path, hw.StrokeWriter, "")
    assert isinstance(writer.condition, CLIPCondition)
    kept = writer.condition.text_tower.get_weights()
    for one, other in zip(kept, tower.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    tracks = write_tracks(writer.sampling(steps=1), ["一", BEYOND])
    assert [track.character for track in tracks] == ["一", BEYOND]


@one_backend
@pytest.mark.parametrize("kind", ["embedding", "clip"])
def test_a_text_gives_the_condition(kind, tower):
    keras.utils.set_random_seed(0)
    if kind == "clip":
        condition = CLIPCondition(tower, 16)
    else:
        condition = EmbeddingCondition(len(CHARACTERS), 16, 8, CHARACTERS)
    writer = writer_with(condition)
    text = ["日", BEYOND, "口"]
    tracks = write_tracks(writer, text)
    without = write_tracks(writer.sampling(guidance={"condition": 0.0}), text)
    changes = [
        np.abs(one.points - other.points).max()
        for one, other in zip(tracks, without, strict=True)
    ]
    assert changes[0] > 1e-3 and changes[2] > 1e-3
    assert changes[1] < 1e-5
    # Whatever is written beside it.
    (alone,) = write_tracks(writer, ["口"], rows=[2])
    np.testing.assert_allclose(alone.points, tracks[2].points, atol=1e-4)


@one_backend
def test_each_row_has_its_own_inputs(tokenizer):
    tracks = [PenWriter(1).track(c, points=12) for c in CHARACTERS]
    store = StrokeStore.of_tracks(tracks, ["one"] * len(tracks), SIMULATED)
    plain = TrackSampler(store, 8).batch(0)
    sampler = TrackSampler(store, 8, tokenizer=tokenizer, condition=CLIPCondition)
    batch = sampler.batch(0)
    for name, values in plain.items():
        np.testing.assert_array_equal(batch[name], values)
    assert batch.keys() - plain.keys() == {"tokens"}
    counts = {c: hw.PenWriter(1).track(c).n for c in CHARACTERS}
    for tokens, mask in zip(batch["tokens"], batch["template_mask"], strict=True):
        own = [c for c in CHARACTERS if (tokenizer.encode(c) == tokens).all()]
        assert [counts[c] for c in own] == [mask.sum()]


@one_backend
def test_an_embedding_is_of_the_characters_of_the_training(call):
    writer = hw.load_trained(call(condition="embedding"), hw.StrokeWriter, "")
    assert writer.condition.characters == CHARACTERS


@one_backend
def test_mistakes_get_one_sentence(call, tmp_path):
    with pytest.raises(InputError, match="--clip_weights is needed for --condition=cl"):
        call(condition="clip")
    encoder = TextEncoder(9, 6, width=8, depth=1, heads=2)
    other = CLIP(ImageTower(image_encoder(), 8), TextTower(encoder, 8))
    other.build()
    other.save(tmp_path / "clip.keras")
    given = {"condition": "clip", "clip_weights": str(tmp_path)}
    with pytest.raises(InputError, match="give a CLIP of the same --characters"):
        call(**given)
    (tmp_path / "beyond.txt").write_text(f"一\n{BEYOND}\n", "utf-8")
    with pytest.raises(InputError, match=f"there is no structure of {BEYOND}; leave"):
        call(**given, characters=str(tmp_path / "beyond.txt"))
    assert not (tmp_path / "run" / "generator.keras").exists()
    unnamed = writer_with(EmbeddingCondition(2, 16, 8))
    with pytest.raises(InputError, match="does not name the 2 characters of its cond"):
        hw.load(unnamed)
    foreign = writer_with(CLIPCondition(other.text_tower, 16))
    with pytest.raises(InputError, match="which are not those of the package; use a"):
        hw.load(foreign)
