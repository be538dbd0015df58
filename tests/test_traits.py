"""Whether ink, slant and proportions of hands are followed."""

import numpy as np
import pytest

from hwgen_keras import evaluation
from hwgen_keras.errors import InputError

pytestmark = pytest.mark.backend_free


class TestTraits:
    def images(self, ink, seed=0):
        """Ten characters of each hand, (images, writers, labels), as black as `ink`."""
        greys = np.repeat([255 * (1 - value) for value in ink.values()], 10)
        noise = np.random.default_rng(seed).normal(0, 1, (len(greys), 8, 8))
        images = np.clip(greys[:, None, None] + noise, 0, 255).astype("uint8")
        return images, np.repeat(list(ink), 10), np.tile(np.arange(10), len(ink))

    def test_half_of_the_differences_are_kept(self):
        real = self.images({"a": 0.1, "b": 0.3, "c": 0.5})
        generated = self.images({"a": 0.2, "b": 0.3, "c": 0.4}, seed=1)
        points = evaluation.trait_by_hand(generated, real)
        assert [point["hand"] for point in points] == ["a", "b", "c"]
        assert points[0]["real"] == pytest.approx(0.1, abs=0.01)
        assert points[2]["generated"] == pytest.approx(0.4, abs=0.01)
        found = evaluation.trait_followed(points)
        assert found["hands"] == 3
        assert found["r"] == pytest.approx(1, abs=0.01)
        assert found["slope"] == pytest.approx(0.5, abs=0.02)

    def test_of_the_same_characters_alone(self):
        images, writers, labels = self.images({"a": 0.1, "b": 0.3})
        images[labels > 5] = 0
        generated = images[labels < 5], writers[labels < 5], labels[labels < 5]
        points = evaluation.trait_by_hand(generated, (images, writers, labels))
        assert points[1]["real"] == points[1]["generated"]
        assert (
            evaluation.trait_by_hand(generated, (images, writers, labels), least=6)
            == []
        )

    def test_too_few_hands_tell_nothing(self):
        images = self.images({"a": 0.1, "b": 0.3})
        assert (
            evaluation.trait_followed(evaluation.trait_by_hand(images, images)) is None
        )
        alike = [{"real": 0.5, "generated": 0.5}] * 4
        assert evaluation.trait_followed(alike) is None

    def ellipses(self, slants, across=8.0, down=8.0):
        """Five leaning ellipses of ink for each hand, (images, writers, labels)."""
        rows, columns = np.mgrid[-32:32, -32:32]
        images = [
            255 * (((columns + slant * rows) / across) ** 2 + (rows / down) ** 2 > 1)
            for slant in slants
        ]
        images = np.repeat(np.stack(images), 5, axis=0).astype("uint8")
        writers = np.repeat([f"hand {i}" for i in range(len(slants))], 5)
        return images, writers, np.tile(np.arange(5), len(slants))

    def test_slant_is_the_shear(self):
        real, generated = self.ellipses([0, 0.2, -0.4]), self.ellipses([0, 0.1, -0.2])
        points = evaluation.trait_by_hand(generated, real, "slant")
        assert [p["real"] for p in points] == pytest.approx([0, 0.2, -0.4], abs=0.02)
        found = evaluation.trait_followed(points)
        assert found["slope"] == pytest.approx(0.5, abs=0.02)

    def test_proportions_are_those_of_the_spreads(self):
        wide, tall = self.ellipses([0.0], 16, 8), self.ellipses([0.0], 8, 12)
        (point,) = evaluation.trait_by_hand(wide, tall, "proportions")
        assert point["generated"] == pytest.approx(np.log(2), abs=0.02)
        assert point["real"] == pytest.approx(np.log(8 / 12), abs=0.03)

    @pytest.mark.parametrize("grey", [0, 255])
    def test_traits_of_blank_and_of_black_images_are_numbers(self, grey):
        images, writers, labels = self.images({"a": 0.1})
        generated = np.full_like(images, grey), writers, labels
        for trait in evaluation.TRAITS:
            (point,) = evaluation.trait_by_hand(generated, generated, trait)
            assert np.isfinite(point["real"])

    def test_an_unknown_trait_is_named(self):
        images = self.images({"a": 0.1})
        with pytest.raises(InputError, match="no trait 'size'; use ink, slant"):
            evaluation.trait_by_hand(images, images, "size")
