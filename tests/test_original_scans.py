"""The original's preparation of scans, against one written out pixel by pixel."""

import json

import etl_files
import numpy as np
import pytest

from experiments import prepare_etl
from hwgen_keras.data import ImageStore
from hwgen_keras.errors import InputError
from hwgen_keras.sources.original_scans import PREPARATIONS, prepare_as_original

pytestmark = pytest.mark.backend_free


def resized(image, height, width):
    """cv2's INTER_LINEAR: between the middles of pixels, the outermost repeated."""

    def places(old, new):
        at = np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
        low = np.floor(at).astype(int)
        return low, np.minimum(low + 1, old - 1), at - low

    top, bottom, down = places(image.shape[0], height)
    left, right, across = places(image.shape[1], width)
    image = image.astype(float)
    rows = image[top] * (1 - down[:, None]) + image[bottom] * down[:, None]
    columns = rows[:, left] * (1 - across) + rows[:, right] * across
    return np.floor(columns + 0.5).astype(np.uint8)


def black_and_white(image):
    """Otsu: the first threshold with the largest variance between the two parts."""
    best, chosen = -1, 0
    for threshold in range(255):
        low, high = image[image <= threshold], image[image > threshold]
        if low.size and high.size:
            variance = low.size * high.size * (low.mean() - high.mean()) ** 2
            if variance > best * (1 + 1e-9):
                best, chosen = variance, threshold
    return np.where(image > chosen, 255, 0).astype(np.uint8)


def trimmed(image, top, bottom, left, right):
    height, width = image.shape
    rows = slice(round(height * top), height - round(height * bottom))
    return image[rows, round(width * left) : width - round(width * right)]


def as_generator(scan):
    image = resized(trimmed(scan, 0.1, 0.1, 0.17, 0.15), 256, 256)
    image = np.pad(black_and_white(image), 80, constant_values=255)
    rows = [i for i in range(416) if image[i].min() < 255]
    columns = [i for i in range(416) if image[:, i].min() < 255]
    top, bottom, left, right = rows[0], rows[-1], columns[0], columns[-1]
    height, width = bottom - top, right - left
    if height > width:
        more = round((height - width) / 2)
        left, right = left - more, right + more
    elif height < width:
        more = round((width - height) / 2)
        top, bottom = top - more, bottom + more
    top, left = max(top, 10), max(left, 10)
    bottom, right = min(bottom, 406), min(right, 406)
    return resized(image[top - 10 : bottom + 10, left - 10 : right + 10], 256, 256)


def as_clip(scan):
    image = resized(trimmed(scan, 0.125, 0.125, 0.15, 0.15), 224, 224)
    image = black_and_white(image)
    rows = [i for i in range(224) if image[i].min() < 255]
    columns = [i for i in range(224) if image[:, i].min() < 255]
    box = image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = box.shape
    if height >= width:
        more = int((height - width) / 2)
        box = np.pad(box, ((0, 0), (more, more)), constant_values=255)
    else:
        more = int((width - height) / 2)
        box = np.pad(box, ((more, more), (0, 0)), constant_values=255)
    box = resized(box, len(box), len(box))
    return resized(np.pad(box, 20, constant_values=255), 224, 224)


def as_recogniser(scan):
    return black_and_white(resized(trimmed(scan, 0.1, 0.1, 0.1, 0.1), 224, 224))


PLAIN = {
    "original": as_generator,
    "original_clip": as_clip,
    "original_recogniser": as_recogniser,
}
# Places of the ink, (top, bottom, left, right).
STROKES = {
    "tall": (20, 105, 60, 71),
    "wide": (60, 67, 30, 101),
    "odd": (40, 77, 50, 70),
    "left edge": (22, 100, 22, 28),
    "upper edge": (5, 24, 25, 105),
    "lower edge": (105, 125, 30, 100),
}


def scan_of(stroke, rng, speck=False):
    """A scan of grey paper with a dark frame, a stroke and perhaps a speck."""
    scan = rng.normal(200, 8, (127, 128))
    scan[:, :4] = scan[:4] = 40
    top, bottom, left, right = stroke
    scan[top:bottom, left:right] = rng.normal(70, 15, (bottom - top, right - left))
    if speck:
        scan[50, 80] = 60
    return np.clip(scan, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("name", PREPARATIONS)
@pytest.mark.parametrize("stroke", STROKES.values(), ids=STROKES)
def test_equals_the_plain_formulation(name, stroke, rng):
    scan = scan_of(stroke, rng, speck=stroke == STROKES["odd"])
    side = PREPARATIONS[name][0]
    prepared = prepare_as_original(scan, name)
    assert prepared.shape == (side, side) and prepared.dtype == np.uint8
    difference = np.abs(prepared.astype(int) - PLAIN[name](scan))
    # Halves may be rounded either way.
    assert difference.max() <= 1
    assert (prepared < 128).mean() > 0.02


@pytest.mark.parametrize("name", PREPARATIONS)
def test_a_large_scan_is_not_smoothed(name, rng):
    scan = np.kron(scan_of(STROKES["odd"], rng), np.ones((6, 6), np.uint8))
    difference = np.abs(prepare_as_original(scan, name).astype(int) - PLAIN[name](scan))
    assert difference.max() <= 1


@pytest.mark.parametrize("name", PREPARATIONS)
def test_a_blank_scan_is_white(name):
    scan = np.full((127, 128), 220, np.uint8)
    scan[:8] = 0  # a frame, which is cut off
    assert (prepare_as_original(scan, name) == 255).all()


class TestPrepareEtl:
    def call(self, folder, **values):
        values = {"etl": [str(folder / "etl")], "workers": 1, **values}
        values["output"] = str(folder / "out")
        return prepare_etl.main(prepare_etl.Settings(**values))

    @pytest.fixture
    def folder(self, tmp_path):
        records = [
            etl_files.record("8G", etl_files.noise("8G", n), jis=0x3021) for n in (1, 2)
        ]
        etl_files.write(tmp_path / "etl" / "ETL8G_01", "8G", records)
        return tmp_path

    @pytest.mark.parametrize("name", PREPARATIONS)
    def test_the_store_holds_what_the_original_sees(self, folder, name):
        path = self.call(folder, cleaning=name, png=True)
        store = ImageStore.open(path)
        scan = (255 - 17 * etl_files.noise("8G", 2)).astype(np.uint8)
        np.testing.assert_array_equal(
            store.decode_one(1), prepare_as_original(scan, name)
        )
        request = json.loads((folder / "out" / "request.json").read_text("utf-8"))
        assert request["--cleaning"] == name
        with pytest.raises(InputError, match="begun with other --cleaning; choose"):
            self.call(folder, png=True)

    def test_an_output_of_an_earlier_version_is_one_without_cleaning(self, folder):
        self.call(folder)
        file = folder / "out" / "request.json"
        request = json.loads(file.read_text("utf-8"))
        assert request.pop("--cleaning") == "none"
        file.write_text(json.dumps(request), encoding="utf-8")
        self.call(folder)
        with pytest.raises(InputError, match="begun with other --cleaning; choose"):
            self.call(folder, cleaning="original")

    def test_an_unknown_preparation(self, folder):
        with pytest.raises(InputError, match="--cleaning: there is no 'otsu'; use non"):
            self.call(folder, cleaning="otsu")
