"""What clean_image undoes of damage by stated amounts, and what it must leave alone."""

import functools

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

import hwgen_keras as hw
from hwgen_keras.inference.glyphs import default_font
from hwgen_keras.sources import PenWriter, clean_image, read_image
from hwgen_keras.sources.looks import damage

pytestmark = pytest.mark.backend_free

SIDE, MARGIN = 96, 0.15
BOXES = "口国囲日田回ロ図四門"
LINES = "一ー川l二三"
APART = "いり八小心ハ、。"
CHARACTERS = "口国田四一三川い小心永あ"
HANDS = (501, 503)
BOXED = [name for name in damage.DAMAGES if "box" in name or "grid" in name]

# The least mean overlap of ink, and the least share of images that overlap by 0.8.
# A line that is as heavy as the pen stays.
BOUNDS = dict.fromkeys(damage.DAMAGES, (0.95, 1.0)) | {
    "box of 3 pixels, 5 inside, turned by 1°": (0.85, 0.85),
    "grey box of 3 pixels, 3 inside, noise of 8": (0.8, 0.8),
    "line of 1 pixel below": (0.5, 0.5),
    "pencil of grey 150": (0.85, 0.85),
    "pencil of grey 150, box of 2 pixels": (0.85, 0.85),
    "noise of 15 greys": (0.9, 0.9),
    "shadow of 150 greys, to the left": (0.95, 0.95),
    "8 specks of 2 pixels": (0.85, 0.8),
    "show-through of 30 %": (0.95, 0.95),
}
# Pens are a matter of `stroke_width`.
UNDONE = [name for name in damage.DAMAGES if "pen " not in name]


@functools.cache
def written(hand, character, margin=MARGIN):
    return PenWriter(hand).draw(character, SIDE, margin=margin)


def overlap(image, other):
    ink, other = image < 128, other < 128
    return (ink & other).sum() / (ink | other).sum()


def overlaps(kind):
    """Those of the images of all hands with one kind of damage."""
    for hand in HANDS:
        for number, character in enumerate(CHARACTERS):
            image, other = written(hand, character), written(hand, "赤")
            rng = np.random.default_rng(number)
            damaged = damage.DAMAGES[kind](image, other, rng)
            clean = clean_image(image, 64, repair=False)
            yield overlap(clean_image(damaged, 64), clean)


@pytest.mark.parametrize("kind", UNDONE)
def test_damage_is_undone(kind):
    found = np.array([*overlaps(kind)])
    mean, most = BOUNDS[kind]
    assert found.mean() >= mean
    assert (found >= 0.8).mean() >= most


class TestTheCharacterStays:
    @pytest.mark.parametrize("margin", [0.0, 0.1])
    @pytest.mark.parametrize("hand", HANDS)
    def test_of_hands(self, hand, margin):
        for character in BOXES + LINES + APART:
            image = written(hand, character, margin)
            np.testing.assert_array_equal(
                clean_image(image, 64), clean_image(image, 64, repair=False), character
            )

    def test_of_print(self):
        font = default_font()
        for character in BOXES + LINES + APART:
            image = font.render(character, SIDE, 0.1)
            expected = clean_image(image, 64, repair=False)
            np.testing.assert_array_equal(clean_image(image, 64), expected, character)

    def test_of_print_that_fills_the_image(self):
        font = default_font()
        for character in BOXES + LINES + APART:
            image = font.render(character, SIDE, 0.0)
            clean = clean_image(image, 64)
            expected = clean_image(font.render(character, SIDE, 0.1), 64, repair=False)
            plain = clean_image(image, 64, repair=False)
            # Without a repair ink at most of the edges is taken for paper.
            if overlap(plain, expected) > 0.5:
                np.testing.assert_array_equal(clean, plain, character)
            else:
                assert overlap(clean, expected) >= overlap(plain, expected), character

    def test_of_bold_print_that_fills_the_image(self):
        """Ink that covers most of an image was taken for the paper within a frame."""
        for character in "穂頭塘鞄鳴陣酷家":
            image = default_font().render(character, SIDE, 0.0)
            bold = ndimage.minimum_filter(image, 7)
            assert (bold < 128).mean() > 0.6
            plain = clean_image(bold, 64, repair=False)
            np.testing.assert_array_equal(clean_image(bold, 64), plain, character)

    def test_in_a_box_that_touches_it(self):
        image = written(501, "永")
        middle = slice(40, 50)
        image = image.copy()
        image[:30, middle] = 0
        clean = clean_image(damage.frame(image, 2, 6), SIDE)
        assert overlap(clean, clean_image(image, SIDE)) > 0.9


@pytest.mark.parametrize("kind", BOXED)
def test_an_empty_box_is_no_frame(kind):
    paper = np.full((SIDE, SIDE), 255, np.uint8)
    boxed = damage.DAMAGES[kind](paper, paper, np.random.default_rng(0))
    assert clean_image(boxed, 64).min() < 100


def test_a_ruled_box_is_the_box_of_small_kana():
    small = PenWriter(501).draw("っ", 100, margin=0.0)
    boxed = damage.frame(np.pad(small, 8, constant_values=255), 2, 4)
    expected = clean_image(np.pad(small, 2, constant_values=255), 64, 0, box_margin=0.0)
    clean = clean_image(boxed, 64, 0, box_margin=0.0)
    for ink, other in zip(
        np.nonzero(clean < 128), np.nonzero(expected < 128), strict=True
    ):
        assert ink.min() == pytest.approx(other.min(), abs=2)
        assert ink.max() == pytest.approx(other.max(), abs=2)


class TestStrokeWidth:
    def test_pens_come_to_one_measure(self):
        for character in "永い田":
            image = written(503, character)
            thick, thin = damage.pen(image, 3), damage.pen(image, -1)
            plain = overlap(clean_image(thick, 64), clean_image(thin, 64))
            one = overlap(
                clean_image(thick, 64, stroke_width=0.06),
                clean_image(thin, 64, stroke_width=0.06),
            )
            assert one > plain + 0.1

    @pytest.mark.parametrize("value", [0, 0.5, "1", True])
    def test_refuses_a_width_out_of_range(self, value):
        with pytest.raises(hw.InputError, match="stroke_width is .* from 0.01 to 0.2"):
            clean_image(written(501, "一"), 32, stroke_width=value)


class TestColour:
    @pytest.fixture
    def read(self, tmp_path):
        def read(picture):
            picture.save(tmp_path / "scan.png")
            return read_image(tmp_path / "scan.png")

        return read

    @pytest.mark.parametrize(
        "ink",
        [(250, 225, 40), (150, 215, 255), (230, 60, 60), (20, 30, 110), (90, 200, 90)],
        ids=["yellow", "light blue", "red", "dark blue", "green"],
    )
    def test_ink_of_any_colour_is_dark(self, read, ink):
        image = written(501, "永")
        grey = read(damage.coloured(image, ink))
        assert grey.dtype == np.uint8
        assert int(grey.max()) - grey.min() > 80
        assert overlap(clean_image(grey, 64), clean_image(image, 64)) > 0.95

    @pytest.mark.parametrize("rule", [(235, 90, 90), (140, 200, 255)])
    def test_rules_in_colour_vanish(self, read, rule):
        image = written(501, "国")
        rule = np.array(rule, np.uint8)
        ruled = np.asarray(damage.coloured(image, (30, 30, 40))).copy()
        # A box, and lines through its middle.
        for places in (slice(3, 6), slice(90, 93), slice(47, 49)):
            for part in (ruled[places], ruled[:, places]):
                np.minimum(part, rule, out=part)
        clean = clean_image(read(Image.fromarray(ruled)), 64)
        assert overlap(clean, clean_image(image, 64)) > 0.9

    def test_a_red_character_in_a_black_box_stays(self, read):
        image = written(501, "木")
        picture = np.asarray(damage.coloured(image, (225, 40, 40))).copy()
        picture[:2] = picture[-2:] = picture[:, :2] = picture[:, -2:] = 0
        clean = clean_image(read(Image.fromarray(picture)), 64)
        assert overlap(clean, clean_image(image, 64)) > 0.9

    def test_dark_ink_is_read_by_its_luminance(self, read):
        picture = damage.coloured(written(501, "木"), (40, 30, 20), (250, 240, 215))
        np.testing.assert_array_equal(read(picture), np.array(picture.convert("L")))


class TestAmounts:
    """The damage is as much as it says."""

    paper = np.full((40, 50), 255, np.uint8)

    def test_of_frames(self):
        framed = damage.frame(self.paper, 3, 4, grey=100)
        assert framed[20].tolist()[:9] == [255] * 4 + [100] * 3 + [255] * 2
        assert framed[:, 25].tolist()[-8:] == [255, 100, 100, 100, 255, 255, 255, 255]
        assert framed[2].min() == 255
        assert damage.frame(self.paper, 3, 4, beyond=True)[2, 5] == 0
        below = damage.frame(self.paper, 2, 0, sides=(damage.BOTTOM,))
        assert (below < 255).any(1).sum() == 2

    def test_of_light(self):
        dark = damage.shadow(self.paper, 100, direction=0.0)
        assert dark[0, 0] == 255
        assert dark[0, -1] == 155
        assert (np.diff(dark[0].astype(int)) <= 0).all()
        image = written(501, "永")
        blank = np.full_like(image, 255)
        seen = damage.show_through(blank, image, 0.3, blur=0)
        assert seen.min() == pytest.approx(255 - 0.3 * (255 - image.min()), abs=1)

    def test_of_ink(self, rng):
        image = np.full((60, 60), 255, np.uint8)
        image[20:40, 10:50] = 0
        pencil = damage.pencil(image, 150, 0.1, rng)[22:38, 12:48]
        assert pencil.mean() == pytest.approx(150, abs=3)
        assert pencil.std() == pytest.approx(0.1 * 105, rel=0.2)
        for pixels in (3, -2):
            lines = damage.pen(image, pixels)[:, 30]
            assert (255 - lines).sum() / 255 == pytest.approx(20 + pixels, abs=0.2)

    def test_of_what_is_added(self, rng):
        image = np.zeros((50, 50), np.uint8)
        for side in damage.SIDES:
            joined = damage.neighbour(np.full_like(image, 255), image, 0.2, side)
            assert (joined == 0).sum() == 10 * 50
            assert np.rot90(joined, side)[:10].max() == 0
        assert (damage.specks(self.paper, 1, 3, rng) == 0).sum() == 9
        grey = np.full((90, 90), 128, np.uint8)
        assert damage.noise(grey, 10, rng).std() == pytest.approx(10, rel=0.1)
