"""Measures of generated sets on cases whose answers are known."""

import numpy as np
import pytest

from hwgen_keras import evaluation
from hwgen_keras.errors import InputError

backend_free = pytest.mark.backend_free


def gaussian(rng, count, mean, covariance):
    """Rows whose sample mean and covariance are exactly these."""
    rows = rng.normal(size=(count, len(mean)))
    rows -= rows.mean(axis=0)
    rows = rows @ np.linalg.inv(np.linalg.cholesky(np.cov(rows, rowvar=False)).T)
    return rows @ np.linalg.cholesky(covariance).T + mean


@pytest.fixture
def hands(rng):
    """(features, writers, labels): four writers, twelve characters, twice each.

    A character moves a feature far, a writer less, and chance hardly.
    """
    writers, labels, _ = (x.ravel() for x in np.mgrid[:4, :12, :2])
    features = 10 * rng.normal(size=(12, 8))[labels] + np.eye(4, 8)[writers]
    names = np.array(["あや", "いく", "うみ", "えり"])
    return features + 0.01 * rng.normal(size=features.shape), names[writers], labels


@backend_free
class TestFrechet:
    def test_of_diagonal_gaussians(self, rng):
        # Σ (m - m')² + (s - s')² over the axes.
        a = gaussian(rng, 50, [0, 0, 0], np.diag([1.0, 4.0, 9.0]))
        b = gaussian(rng, 70, [1, 0, 2], np.diag([4.0, 4.0, 1.0]))
        assert evaluation.frechet_glyph_distance(a, b) == pytest.approx(5 + 1 + 4)

    def test_equals_the_square_root_of_the_product(self, rng):
        from scipy.linalg import sqrtm

        a, b = rng.normal(size=(2, 40, 5)) @ rng.normal(size=(5, 5))
        a = a @ rng.normal(size=(5, 5))
        s, t = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
        expected = np.sum((a.mean(0) - b.mean(0)) ** 2)
        expected += np.trace(s + t - 2 * sqrtm(s @ t).real)
        assert evaluation.frechet_glyph_distance(a, b) == pytest.approx(expected)

    @pytest.mark.parametrize("count", [2, 5, 300])
    def test_of_a_moved_set_is_the_squared_way(self, rng, count):
        # With 2 or 5 rows of 64 the covariances are far from full rank.
        a = rng.normal(size=(count, 64)).astype("float32")
        distance = evaluation.frechet_glyph_distance
        assert distance(a, a) == pytest.approx(0, abs=1e-10)
        assert distance(a, a[::-1] + np.float32(0.5)) == pytest.approx(16, rel=1e-5)

    def test_grows_with_fewer_images(self, rng):
        few, many = (
            evaluation.frechet_glyph_distance(*rng.normal(size=(2, n, 16)))
            for n in (20, 2000)
        )
        assert few > 10 * many > 0


@backend_free
class TestKernel:
    def test_is_unbiased(self, rng):
        """Around 0 for one distribution, from few images as from many."""
        for size in (3, 30):
            means = [
                evaluation.kernel_glyph_distance(*rng.normal(size=(2, 60, 4)), 20, size)
                for _ in range(40)
            ]
            means = np.array(means)[:, 0]
            error = means.std() / np.sqrt(len(means))
            assert abs(means.mean()) < 3 * error
            assert means.min() < 0 < means.max()

    def test_of_whole_sets_is_the_published_sum(self, rng):
        x, y = rng.normal(size=(2, 6, 3))
        k = [(a @ b.T / 3 + 1) ** 3 for a, b in ((x, x), (y, y), (x, y))]
        within = [(m.sum() - np.trace(m)) / 30 for m in k[:2]]
        mean, deviation = evaluation.kernel_glyph_distance(x, y, 3, 6)
        assert mean == pytest.approx(sum(within) - 2 * k[2].mean())
        assert deviation == pytest.approx(0, abs=1e-9)

    def test_is_positive_for_moved_sets_and_repeats(self, rng):
        x, y = rng.normal(size=(2, 80, 4))
        distance = evaluation.kernel_glyph_distance
        assert np.mean([distance(x, y + 0.5, seed=s)[0] for s in range(5)]) > 0.1
        assert distance(x, y, seed=3) == distance(x, y, seed=3)
        assert distance(x, y, seed=3) != distance(x, y, seed=4)


@backend_free
class TestWriters:
    def test_retrieval_by_hand(self):
        # 0° and 10° by a, 4° and 90° by b: each query has three candidates.
        angles = np.deg2rad([0, 10, 4, 90])
        features = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        found = evaluation.writer_retrieval(features, list("aabb"), [0, 1, 2, 3])
        # First candidates: b, b, a, a; ranks of the one that is sought: 2, 2, 3, 2.
        assert found["top1"] == 0
        assert found["map"] == pytest.approx((1 / 2 + 1 / 2 + 1 / 3 + 1 / 2) / 4)
        assert found["top1_chance"] == pytest.approx(1 / 3)
        assert found["map_chance"] == pytest.approx((1 + 1 / 2 + 1 / 3) / 3)
        assert found["queries"] == 4

    def test_the_same_character_is_no_candidate(self):
        features = np.array([[1, 0], [1, 0], [1, 0.5], [0, 1]], float)
        found = evaluation.writer_retrieval(features, list("abab"), [0, 0, 1, 2])
        # The twins of 0 do not find each other. The query of 1 finds both, one of them
        # by its writer: half a find.
        assert found["top1"] == pytest.approx((1 + 0 + 1 / 2 + 0) / 4)

    def test_expected_precision_of_a_random_order(self, rng):
        labels = np.arange(40)
        writers = rng.permutation(labels % 4)
        found = [
            evaluation.writer_retrieval(rng.normal(size=(40, 30)), writers, labels)
            for _ in range(30)
        ]
        mean = np.mean([f["map"] for f in found])
        assert mean == pytest.approx(found[0]["map_chance"], abs=0.01)
        # Every feature alike: no first candidate is better than another.
        same = evaluation.writer_retrieval(np.ones((40, 3)), writers, labels)
        assert same["top1"] == pytest.approx(same["top1_chance"])

    def test_clear_hands_are_told_apart(self, hands):
        features, writers, labels = hands
        centred = evaluation.centred_by_character(features, labels)
        found = evaluation.writer_retrieval(centred, writers, labels, 50)
        assert found["top1"] == found["map"] == 1 and found["queries"] == 50
        for pairs in (1_000_000, 500):
            found = evaluation.writer_verification(centred, writers, labels, pairs)
            assert found["eer"] == pytest.approx(0) and found["auc"] == 1
        assert found["same_pairs"] + found["different_pairs"] <= 500
        # Characters hide the hands.
        raw = evaluation.writer_verification(features, writers, labels)
        assert 0.4 < raw["eer"] < 0.6

    def test_verification_of_noise_is_a_coin(self, rng):
        features = rng.normal(size=(300, 32))
        found = evaluation.writer_verification(
            features, np.arange(300) % 3, np.arange(300)
        )
        assert found["eer"] == pytest.approx(0.5, abs=0.02)
        assert found["auc"] == pytest.approx(0.5, abs=0.02)
        assert found["same_pairs"] + found["different_pairs"] == 300 * 299 // 2

    def test_equal_error_rate_by_hand(self):
        # Similarities of a·b 1, c·d 0 (one writer each) and 0, 1, 0, 1 of the others.
        features = np.array([[1, 0], [1, 0], [0, 1], [1, 0]], float)
        found = evaluation.writer_verification(features, list("aabb"), [0, 1, 2, 3])
        assert found["same_pairs"] == 2 and found["different_pairs"] == 4
        assert found["auc"] == pytest.approx(0.5)
        assert found["eer"] == pytest.approx(0.5)

    def test_similarity_finds_the_hand(self, hands):
        features, writers, labels = hands
        alike = evaluation.writer_similarity
        found = alike(features + 0.02, writers, labels, *hands)
        assert found == {"accuracy": 1, "chance": 0.25, "writers": 4, "images": 96}
        assert alike(features, np.roll(writers, 24), labels, *hands)["accuracy"] == 0
        # A character and a writer that no real image has are left out.
        more = labels.copy(), writers.copy()
        more[0][0], more[1][-1] = 99, "おと"
        assert alike(features, more[1], more[0], *hands)["images"] == 94

    def test_similarity_of_real_images_is_no_gift(self, rng):
        """Images without a hand are at chance, although each is among the real."""
        writers, labels = (x.ravel() for x in np.mgrid[:4, :200])
        noise = rng.normal(size=(800, 16)), writers, labels
        found = evaluation.writer_similarity(*noise, *noise)
        assert found["accuracy"] < 0.3


@backend_free
class TestDiversity:
    def test_of_points_on_a_line(self):
        points = np.array([[0, 0], [3, 4], [6, 8], [1, 1], [1, 2], [9, 9]], float)
        found = evaluation.diversity(points, list("あああいいう"))
        assert found["distance"] == pytest.approx(((5 + 5 + 10) / 3 + 1) / 2)
        assert found["characters"] == 2

    def test_copies_are_counted(self, rng):
        images = rng.integers(0, 256, (6, 32, 32)).astype(np.uint8)
        images[4] = images[1]
        share = evaluation.near_duplicate_share
        assert share(images) == pytest.approx(2 / 6)
        assert share(images, [0, 1, 0, 0, 2, 0]) == 0
        # Copies among themselves are not learned by heart.
        other = rng.integers(0, 256, (3, 32, 32)).astype(np.uint8)
        assert share(images, others=(other, None)) == 0
        other[2] = images[0]
        assert share(images, others=(other, None)) == pytest.approx(1 / 6)


@backend_free
class TestPaired:
    def test_known_values(self, rng):
        images = rng.integers(0, 256, (3, 16, 20)).astype(np.uint8)
        np.testing.assert_allclose(evaluation.ssim(images, images), 1)
        np.testing.assert_array_equal(evaluation.l1(images, images), 0)
        black, white = np.zeros((1, 16, 16), np.uint8), np.full((1, 16, 16), 255)
        white = white.astype(np.uint8)
        assert evaluation.l1(black, white) == [1.0]
        # Flat images: means 0 and 1 of the range, no variance; C1 is 0.01².
        np.testing.assert_allclose(evaluation.ssim(black, white), 1e-4 / (1 + 1e-4))


@backend_free
class TestReading:
    # Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
    @pytest.mark.parametrize(
        ("right", "count", "low", "high"),
        [
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0.0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ],
    )
    def test_published_intervals(self, right, count, low, high):
        scores = np.tile([0.0, 1.0], (count, 1))
        found = evaluation.content_accuracy(scores, np.arange(count) < right)
        assert found["top1"] == right / count and found["images"] == count
        assert (round(found["low"], 4), round(found["high"], 4)) == (low, high)

    def test_top_five_and_confidence(self):
        logits = np.log(np.tile([0.3, 0.25, 0.2, 0.1, 0.08, 0.07], (3, 1)))
        found = evaluation.content_accuracy(logits, [0, 4, 5], logits=True)
        assert (found["top1"], found["top5"]) == (1 / 3, 2 / 3)
        assert found["confidence"] == pytest.approx((0.3 + 0.08 + 0.07) / 3)

    def test_a_reader_that_knows_nothing_reads_nothing(self):
        found = evaluation.content_accuracy(np.full((4, 10), 0.1), [0, 1, 2, 3])
        assert found["top1"] == found["top5"] == 0


X, W, C = np.eye(4), list("aabb"), [0, 1, 0, 1]
IMAGES = np.zeros((2, 16, 16), np.uint8)
MISTAKES = [
    ("frechet_glyph_distance", (X[:1], X), "There are 1 real images and at least 2"),
    ("frechet_glyph_distance", (X, X[:, :3]), "are 4 wide and the generated ones 3"),
    (
        "frechet_glyph_distance",
        (X, X + np.nan),
        "generated features are not all finite",
    ),
    ("frechet_glyph_distance", (X[0], X), r"real features have shape \(4,\)"),
    ("kernel_glyph_distance", (X, X[:0]), "There are 0 generated images"),
    (
        "kernel_glyph_distance",
        (X, X, 9, 5),
        "subset of 5 images cannot be drawn from 4",
    ),
    ("kernel_glyph_distance", (X, X, 0), "There are 0 subsets"),
    ("centred_by_character", (X, C, X, [0, 0, 0, 0]), "1 characters, such as 1;"),
    ("writer_retrieval", (X, list("aaaa"), C), "All images are by one writer, a;"),
    (
        "writer_retrieval",
        (X, list("abcd"), C),
        "No writer has images of two characters",
    ),
    ("writer_retrieval", (X, W[:3], C), "4 given images and 3 writers"),
    ("writer_retrieval", (X, W, C, 0), "give more queries"),
    ("writer_verification", (X, W, C, 0), "Of 0 pairs of different characters 0"),
    (
        "writer_similarity",
        (X, list("cccc"), C, X, W, C),
        "check the names of the writers",
    ),
    (
        "writer_similarity",
        (X, W, C, X, W, [0, 1, 0, 0]),
        "The writer b has real images of",
    ),
    ("diversity", (X, [0, 1, 2, 3]), "No character has two images"),
    ("near_duplicate_share", (X,), "images have shape"),
    ("near_duplicate_share", (IMAGES, [0]), "2 images and 1 labels"),
    ("l1", (IMAGES, IMAGES[:1]), "one target of the same size"),
    ("l1", (IMAGES, IMAGES / 255), "type float64; give uint8"),
    ("ssim", (IMAGES[:, :9], IMAGES[:, :9]), "have 16 × 9 pixels"),
    ("content_accuracy", (X, [0, 1, 2, 4]), "labels go from 0 to 4 and there are 4"),
    ("content_accuracy", (X, [0, 1]), "scores have shape"),
    ("content_accuracy", (X * 3, [0, 1, 2, 3]), "for logits say logits=True"),
    ("content_accuracy", (X + np.inf, [0, 1, 2, 3]), "not all finite"),
]


@backend_free
@pytest.mark.parametrize(("name", "arguments", "message"), MISTAKES)
def test_mistakes_get_one_sentence(name, arguments, message):
    with pytest.raises(InputError, match=message) as error:
        getattr(evaluation, name)(*arguments)
    assert "\n" not in str(error.value)


def test_perceptual_distance_is_that_of_the_losses(rng):
    maps = [rng.normal(size=(2, 4, 4, 3)), rng.normal(size=(2, 2, 2, 5))]
    maps = [m.astype("float32") for m in maps]
    same = evaluation.perceptual(maps, [3 * m for m in maps])
    np.testing.assert_allclose(same, 0, atol=1e-6)
    # Opposite unit vectors are 2 apart, squared 4, in each of the two layers.
    opposite = evaluation.perceptual(maps, [-m for m in maps])
    np.testing.assert_allclose(opposite, 8, rtol=1e-5)
