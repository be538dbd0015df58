"""Reading image files of all kinds, and cleaning scans of one character."""

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies
from PIL import Image

from hwgen_keras.errors import InputError
from hwgen_keras.sources import clean_image, read_image

pytestmark = pytest.mark.backend_free


@pytest.fixture
def cross():
    """A cross, 40 wide and 60 high, off the middle of a 120 x 100 page."""
    image = np.full((120, 100), 255, np.uint8)
    image[20:80, 40:48] = 0
    image[44:52, 24:64] = 0
    return image


def ink_box(image):
    rows, columns = np.nonzero(image < 128)
    return rows.min(), rows.max() + 1, columns.min(), columns.max() + 1


class TestReading:
    @pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "CMYK", "I;16", "I", "F"])
    def test_every_mode_gives_the_same_greys(self, tmp_path, cross, mode):
        if mode in ("I;16", "I"):
            image = Image.fromarray(cross.astype(np.uint16) * 257)
            image = image if mode == "I;16" else image.convert("I")
        else:
            image = Image.fromarray(cross).convert(mode)
        image.save(tmp_path / "page.tiff")
        read = read_image(tmp_path / "page.tiff")
        assert read.dtype == np.uint8
        np.testing.assert_array_equal(read, cross)

    @pytest.mark.parametrize("mode", ["RGBA", "LA"])
    def test_what_is_transparent_is_paper(self, tmp_path, cross, mode):
        ink = Image.new("L", cross.shape[::-1], 0)
        ink.putalpha(Image.fromarray(255 - cross))
        ink.convert(mode).save(tmp_path / "page.png")
        np.testing.assert_array_equal(read_image(tmp_path / "page.png"), cross)

    def test_a_transparent_palette_entry_is_paper(self, tmp_path, cross):
        page = Image.fromarray((cross > 0).astype(np.uint8))
        page.putpalette([0, 0, 0, 10, 20, 30])
        page.save(tmp_path / "page.png", transparency=1)
        np.testing.assert_array_equal(read_image(tmp_path / "page.png"), cross)

    def test_a_floating_point_image_from_0_to_1(self, tmp_path, cross):
        Image.fromarray(cross.astype(np.float32) / 255).save(tmp_path / "page.tiff")
        np.testing.assert_array_equal(read_image(tmp_path / "page.tiff"), cross)

    def test_a_photograph_is_turned_upright(self, tmp_path, cross):
        information = Image.Exif()
        information[0x0112] = 6
        Image.fromarray(cross).save(tmp_path / "page.png", exif=information)
        read = read_image(tmp_path / "page.png")
        np.testing.assert_array_equal(read, np.rot90(cross, -1))

    @pytest.mark.parametrize("kept", [0, 20, 60, 200], ids="{} bytes".format)
    def test_names_a_damaged_file(self, tmp_path, rng, kept):
        file = tmp_path / "page.png"
        Image.fromarray(rng.integers(0, 255, (50, 50), np.uint8)).save(file)
        file.write_bytes(file.read_bytes()[:kept])
        with pytest.raises(InputError, match="page.png"):
            read_image(file)

    def test_names_a_file_that_is_none(self, tmp_path):
        (tmp_path / "page.png").write_text("a letter")
        with pytest.raises(InputError, match="page.png is not an image"):
            read_image(tmp_path / "page.png")
        with pytest.raises(InputError, match="other.png does not exist"):
            read_image(tmp_path / "other.png")
        with pytest.raises(InputError, match=tmp_path.name):
            read_image(tmp_path)


class TestCleaning:
    def test_centres_and_keeps_the_aspect_ratio(self, cross):
        clean = clean_image(cross, 64, margin=0.125)
        assert clean.shape == (64, 64)
        assert clean.dtype == np.uint8
        top, bottom, left, right = ink_box(clean)
        assert bottom - top == pytest.approx(48, abs=2)
        assert right - left == pytest.approx(32, abs=2)
        assert (top + bottom) / 2 == pytest.approx(32, abs=1)
        assert (left + right) / 2 == pytest.approx(32, abs=1)
        assert clean[0].min() == 255

    def test_white_on_black_becomes_black_on_white(self, cross):
        np.testing.assert_array_equal(
            clean_image(255 - cross, 48), clean_image(cross, 48)
        )

    def test_faint_ink_on_grey_paper_becomes_black_on_white(self, cross):
        faint = (150 + cross.astype(int) * 60 // 255).astype(np.uint8)
        np.testing.assert_allclose(
            clean_image(faint, 48).astype(int), clean_image(cross, 48), atol=3
        )

    def test_specks_do_not_move_the_character(self, cross):
        dusty = cross.copy()
        dusty[[2, 110, 60], [3, 95, 90]] = 0
        np.testing.assert_array_equal(clean_image(dusty, 48), clean_image(cross, 48))

    def test_a_small_separate_part_is_kept(self, cross):
        dotted = cross.copy()
        dotted[20:25, 80:85] = 0
        left, right = ink_box(clean_image(dotted, 120, margin=0.0))[2:]
        assert right - left > 1.3 * 80

    def test_a_ruled_box_is_trimmed(self, cross):
        ruled = cross.copy()
        ruled[:3], ruled[-3:], ruled[:, :3], ruled[:, -3:] = 0, 0, 0, 0
        trimmed = clean_image(ruled, 48, border_fraction=0.05)
        np.testing.assert_array_equal(trimmed, clean_image(cross, 48))

    def test_threshold_removes_the_grey_of_the_paper(self, cross, rng):
        noise = rng.normal(0, 12, cross.shape)
        noisy = np.clip(40 + cross * 0.7 + noise, 0, 255).astype(np.uint8)
        clean = clean_image(noisy, 48, threshold=True)
        expected = clean_image(cross, 48)
        assert np.abs(clean.astype(int) - expected).mean() < 4

    @hypothesis.settings(max_examples=50, deadline=None)
    @hypothesis.given(
        height=strategies.integers(12, 90),
        width=strategies.integers(12, 90),
        seed=strategies.integers(0, 1000),
        image_size=strategies.integers(8, 70),
    )
    def test_ink_always_reaches_the_margin(self, height, width, seed, image_size):
        rng = np.random.default_rng(seed)
        image = np.full((height + 10, width + 10), 255, np.uint8)
        image[5 : 5 + height, 5 : 5 + width][
            rng.uniform(size=(height, width)) < 0.2
        ] = 0
        clean = clean_image(image, image_size, margin=0.1)
        rows, columns = np.nonzero(clean < 250)
        longer = max(np.ptp(rows), np.ptp(columns)) + 1
        assert longer == pytest.approx(0.8 * image_size, abs=3)

    @pytest.mark.parametrize(
        "page",
        [
            np.full((40, 40), 255, np.uint8),
            np.zeros((40, 40), np.uint8),
            np.full((1, 1), 7, np.uint8),
            np.linspace(240, 255, 1600).reshape(40, 40).astype(np.uint8),
        ],
        ids=["white", "black", "one pixel", "shade"],
    )
    def test_names_a_blank_page(self, page):
        with pytest.raises(InputError, match="a/b.png is blank"):
            clean_image(page, 32, name="a/b.png")

    def test_refuses_what_is_no_grey_image(self, cross):
        for wrong in (cross / 255.0, cross[..., None], cross[:0]):
            with pytest.raises(InputError, match="a.png has shape"):
                clean_image(wrong, 32, name="a.png")
        with pytest.raises(InputError, match="border_fraction is 0.5"):
            clean_image(cross, 32, border_fraction=0.5)
        with pytest.raises(InputError, match="image_size is 0"):
            clean_image(cross, 0)
