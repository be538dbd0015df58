"""Simulated writers: strokes, habits, ink, and that hands can be told apart."""

import hashlib
import subprocess
import sys

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies
from sklearn.linear_model import RidgeClassifier

from hwgen_keras.characters import character_set
from hwgen_keras.errors import InputError
from hwgen_keras.sources import PenWriter
from hwgen_keras.sources.hand import StrokeBender, draw_hand, warp
from hwgen_keras.sources.ink import stamp
from hwgen_keras.sources.strokes import resample, strokes

pytestmark = pytest.mark.backend_free

KANA = "あいうかきくさすせたなにぬねはふまめもやゆらりるれろわをん"


def gradients(image):
    """Strength of the edges in eight directions and nine fields, and the ink."""
    ink = 1 - image / 255
    down, right = np.gradient(ink)
    strength = np.hypot(down, right)
    sector = np.floor(np.arctan2(down, right) % np.pi / np.pi * 8).astype(int) % 8
    fields = [
        np.bincount(s.ravel(), m.ravel(), minlength=8)
        for rows in zip(
            np.array_split(sector, 3), np.array_split(strength, 3), strict=True
        )
        for s, m in zip(
            *(np.array_split(part, 3, axis=1) for part in rows), strict=True
        )
    ]
    rows, columns = np.nonzero(ink > 0.3)
    aspect = np.log((np.ptp(columns) + 1) / (np.ptp(rows) + 1))
    extra = [20 * ink.mean(), 5 * ink.max(), 3 * aspect]
    extra.append(20 * ink.sum() / (strength.sum() + 1))
    return np.concatenate([*fields, extra])


class TestStrokes:
    @pytest.mark.parametrize(
        ("character", "count"), [("一", 1), ("口", 3), ("あ", 3), ("永", 5), ("鬱", 29)]
    )
    def test_as_many_as_are_written(self, character, count):
        lines = strokes(character)
        assert lines.shape == (count, 48, 2)
        assert lines.min() > 0 and lines.max() < 1

    def test_evenly_spaced_in_writing_order(self):
        lines = strokes("三")
        steps = np.hypot(*np.moveaxis(np.diff(lines, axis=1), -1, 0))
        assert (steps.max(1) / steps.min(1)).max() < 1.1
        assert (lines[:, -1, 0] > lines[:, 0, 0] + 0.3).all()
        assert (np.diff(lines.mean(1)[:, 1]) > 0.15).all()

    def test_cannot_be_changed_by_a_caller(self):
        with pytest.raises(ValueError, match="read-only"):
            strokes("一")[0] = 0

    @hypothesis.given(
        strategies.lists(
            strategies.tuples(*[strategies.floats(0, 1, width=32)] * 2),
            min_size=1,
            max_size=20,
        ),
        strategies.integers(2, 60),
    )
    def test_resampling_keeps_the_ends(self, points, count):
        points = np.array(points)
        even = resample(points, count)
        assert even.shape == (count, 2)
        np.testing.assert_allclose(even[[0, -1]], points[[0, -1]], atol=1e-9)
        assert (even.min(0) >= points.min(0) - 1e-9).all()


class TestInk:
    def test_a_line_covers_its_area(self):
        length, width = 40.0, 5.0
        canvas = stamp(
            np.array([[12.0, 32.3]]),
            np.array([[12.0 + length, 32.3]]),
            np.array([width / 2]),
            np.array([width / 2]),
            np.array([0.5]),
            64,
        )
        area = length * width + np.pi * width**2 / 4
        assert canvas.sum() == pytest.approx(0.5 * area, rel=0.03)
        assert canvas.max() == 0.5
        assert canvas[10].max() == 0

    def test_ink_over_the_edge_is_cut_off(self):
        radius, full = np.array([3.0]), np.array([1.0])
        canvas = stamp(
            np.array([[-50.0, 10.0]]),
            np.array([[90.0, 10.0]]),
            radius,
            radius,
            full,
            32,
        )
        assert canvas.shape == (32, 32)
        assert (canvas[9:11] == 1).all()
        assert canvas[20:].max() == 0


class TestHand:
    def test_a_neutral_plane_changes_nothing(self, rng):
        points = rng.uniform(size=(3, 5, 2))
        np.testing.assert_array_equal(warp(points, np.zeros((2, 4))), points)

    @pytest.mark.parametrize("seed", range(5))
    def test_the_plane_never_folds(self, seed):
        plane = draw_hand(np.random.default_rng(seed)).plane
        grid = np.stack(np.meshgrid(*[np.linspace(0, 1, 15)] * 2), -1)
        moved = warp(grid, plane)
        right, down = np.diff(moved, axis=1)[:-1], np.diff(moved, axis=0)[:, :-1]
        assert (right[..., 0] * down[..., 1] > right[..., 1] * down[..., 0]).all()

    def test_bending_leaves_the_ends(self, rng):
        lines = strokes("永")
        hand = draw_hand(rng)
        sway = rng.normal(0, 0.03, (len(lines), 3, 2))
        bent = StrokeBender(lines.shape[1]).bend(lines, hand, sway, rng)
        np.testing.assert_allclose(bent[:, [0, -1]], lines[:, [0, -1]], atol=1e-12)
        assert 0.005 < np.abs(bent - lines).max() < 0.2


class TestWriter:
    @pytest.mark.parametrize("image_size", [16, 48, 65])
    @pytest.mark.parametrize("margin", [0.0, 0.2])
    def test_fills_the_square_up_to_the_margin(self, image_size, margin):
        for seed, character in enumerate("あ一永鬱り"):
            image = PenWriter(seed).draw(character, image_size, margin=margin)
            assert image.shape == (image_size, image_size)
            assert image.dtype == np.uint8
            rows, columns = np.nonzero(image < 240)
            longer = max(np.ptp(rows), np.ptp(columns)) + 1
            assert longer == pytest.approx(image_size * (1 - 2 * margin), abs=3)
            middle = np.array([np.ptp(rows), np.ptp(columns)]) / 2
            middle += rows.min(), columns.min()
            assert np.abs(middle - (image_size - 1) / 2).max() < 1.6

    def test_a_small_kana_stays_small(self):
        def extents(character):
            ink = [PenWriter(seed).draw(character, 64) < 128 for seed in range(8)]
            return np.mean([np.ptp(np.nonzero(page), axis=1).max() for page in ink])

        for small, large in zip("っゃァ", "つやア", strict=True):
            assert extents(small) < 0.65 * extents(large)

    def test_depends_on_seed_character_and_sample_alone(self):
        writer = PenWriter(7)
        first = writer.draw("あ", 48, sample=2)
        writer.draw("い", 48)
        np.testing.assert_array_equal(writer.draw("あ", 48, sample=2), first)
        code = (
            "import hashlib; from hwgen_keras.sources import PenWriter;"
            "image = PenWriter(7).draw('あ', 48, sample=2);"
            "print(hashlib.sha256(image.tobytes()).hexdigest())"
        )
        command = [sys.executable, "-X", "utf8", "-c", code]
        other = subprocess.run(command, capture_output=True, text=True, check=True)
        assert other.stdout.strip() == hashlib.sha256(first.tobytes()).hexdigest()

    def test_samples_differ_less_than_writers(self):
        def distance(a, b):
            return np.abs(a.astype(float) - b).mean()

        among_samples, among_writers = [], []
        for seed in range(6):
            for character in "あきむ永国":
                one, two = (
                    PenWriter(seed).draw(character, 48, sample=s) for s in (0, 1)
                )
                other = PenWriter(seed + 50).draw(character, 48)
                among_samples.append(distance(one, two))
                among_writers.append(distance(one, other))
        assert min(among_samples) > 1
        assert np.mean(among_samples) < 0.7 * np.mean(among_writers)

    def test_a_writer_is_recognised_in_other_characters(self):
        """Chance is one in ten."""
        writers = [PenWriter(seed) for seed in range(10)]

        def pages(text):
            return np.array(
                [gradients(w.draw(c, 48)) for w in writers for c in text]
            ), np.repeat(range(10), len(text))

        seen, unseen = KANA[:20], KANA[20:]
        classifier = RidgeClassifier(alpha=30.0).fit(*pages(seen))
        assert classifier.score(*pages(unseen)) > 0.4

    def test_characters_are_legible_across_writers(self):
        """Chance is one in twenty-nine."""

        def pages(seeds):
            return np.array(
                [gradients(PenWriter(seed).draw(c, 48)) for seed in seeds for c in KANA]
            ), np.tile(range(len(KANA)), len(seeds))

        classifier = RidgeClassifier(alpha=30.0).fit(*pages(range(8)))
        assert classifier.score(*pages(range(100, 104))) > 0.7

    def test_pens_differ(self):
        darkest = [PenWriter(seed).draw("あ", 64).min() for seed in range(20)]
        share = [(PenWriter(seed).draw("あ", 64) < 200).mean() for seed in range(20)]
        assert min(darkest) == 0 and max(darkest) > 30
        assert max(share) > 2 * min(share)

    def test_writes_every_kana_and_what_has_strokes(self):
        writer = PenWriter(3)
        assert all(map(writer.covers, character_set("jis1")))
        for character in (*character_set("kana"), *"、。ー々"):
            assert writer.draw(character, 24).min() < 150

    def test_has_a_name_of_its_own(self):
        assert len({PenWriter(seed).name for seed in range(50)}) == 50
        assert repr(PenWriter(4)) == "PenWriter(4)"

    def test_refuses_what_has_no_strokes(self):
        assert not PenWriter(0).covers("ﬀ")
        with pytest.raises(InputError, match="no strokes for the character 'ﬀ'"):
            PenWriter(0).draw("ﬀ", 32)

    @pytest.mark.parametrize("seed", [-1, 1.5, "1"])
    def test_refuses_a_seed_that_is_none(self, seed):
        with pytest.raises(InputError, match="seed is"):
            PenWriter(seed)

    def test_refuses_wrong_numbers(self):
        with pytest.raises(InputError, match="sample is -1"):
            PenWriter(0).draw("あ", 32, sample=-1)
        with pytest.raises(InputError, match="image_size is 2"):
            PenWriter(0).draw("あ", 2)
        with pytest.raises(InputError, match="margin is 0.7"):
            PenWriter(0).draw("あ", 32, margin=0.7)
