"""The page's engine in Chromium computes what this package does."""

import json

import numpy as np
import pytest
from PIL import Image, ImageFilter
from web_site import arrays, drawn, sample, track_of

import hwgen_keras as hw
from hwgen_keras.characters import kanjivg
from hwgen_keras.data.hand_strokes import template_strokes
from hwgen_keras.sources.strokes import strokes
from hwgen_keras.sources.text_size import in_text
from web.models import MODELS

pytestmark = pytest.mark.backend_free

# Kana, kanji of up to 22 strokes, marks and letters, of which some keep their place.
TEXT = "春はあけぼの。やうやう白くなりゆく山ぎは、すこしあかりてっ(Ａ1)「驚」"
SHOWN = "春夏秋冬あのっ書東ｶﾞa"


@pytest.fixture(scope="module")
def writer():
    return hw.load(MODELS / "jis1-writer", format="onnx")


@pytest.fixture(scope="module")
def reader():
    return hw.load(MODELS / "jis1-reader", format="onnx")


@pytest.fixture(scope="module")
def characters():
    about = json.loads((MODELS / "jis1-writer/model.json").read_text("utf-8"))
    return about["characters"]


@pytest.fixture(scope="module")
def hand():
    """(samples for the page, tracks for the package) of one drawn hand."""
    rng = np.random.default_rng(1)
    shown = {c: drawn(c, rng, "order") for c in hw.normalise_text(SHOWN)}
    samples = [sample(c, lines) for c, lines in shown.items()]
    return samples, [track_of(c, lines) for c, lines in shown.items()]


def check(written, tracks, limit=1e-3):
    """What the page wrote are these tracks."""
    assert [one["character"] for one in written] == [t.character for t in tracks]
    for one, track in zip(written, tracks, strict=True):
        assert one["fault"] is None
        points, radii = arrays(one)
        np.testing.assert_allclose(points, track.points, atol=limit)
        np.testing.assert_allclose(radii, track.radii, atol=limit)


def as_tracks(written):
    return [hw.Track(one["character"], *arrays(one)) for one in written]


class TestNumbers:
    @pytest.mark.parametrize(
        "seed", [0, 12345, (0, 1000), (7, 2**40), (1, 2, 3, 4, 5, 6)]
    )
    def test_random_numbers_are_those_of_numpy(self, tab, seed):
        found = tab.evaluate(
            """async (seed) => {
                const { Generator } = await import("/engine/random.js");
                const random = new Generator(seed);
                const found = [];
                for (let i = 0; i < 20000; i++) found.push(random.standardNormal());
                return [...found, random.random(), random.random()];
            }""",
            seed,
        )
        rng = np.random.default_rng(seed)
        wanted = [*rng.standard_normal(20_000), *rng.random(2)]
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-12)

    def test_templates_are_those_of_the_package(self, tab, characters):
        chosen = [*characters[::100], *"っ。「…a"]
        found = tab.evaluate(
            """async (characters) => Promise.all(characters.map(async (c) =>
                (await engine.strokes(c)).map((line) => [...line])))""",
            chosen,
        )
        for character, lines in zip(chosen, found, strict=True):
            wanted = strokes(character)
            # Coordinates are rounded to a hundredth of KanjiVG's unit.
            limit = 2 / 100 / kanjivg.BOX
            lines = np.reshape(lines, wanted.shape)
            np.testing.assert_allclose(lines, wanted, atol=limit)

    def test_text_is_normalised_and_split_as_in_the_package(self, tab):
        text = "ＪＲでｶﾞﾑ(2個)? が é\n👨‍👩‍👧鬱"
        found = tab.evaluate(
            'async (t) => (await import("/engine/text.js")).graphemes(t)', text
        )
        assert "".join(found) == hw.normalise_text(text)
        assert found[-2:] == ["👨‍👩‍👧", "鬱"] and "ガ" in found and "が" in found


class TestWriting:
    def test_in_a_drawn_hand(self, tab, writer, hand):
        samples, tracks = hand
        shown = tab.evaluate(
            "async (s) => (globalThis.hand = await engine.handOfStrokes(s))",
            samples,
        )
        assert all(one["fault"] is None for one in shown["shown"])
        written = tab.evaluate("(t) => written(t, { hand, seed: 5 })", TEXT)
        check(written, writer.strokes(hw.normalise_text(TEXT), tracks, seed=5))

    def test_in_the_sizes_of_a_text(self, tab, writer, hand):
        """Those of a wide hand, too, which is made smaller as a whole."""
        samples, tracks = hand
        wide = [
            {**one, "strokes": [[[2 * x, y] for x, y, *_ in s] for s in one["strokes"]]}
            for one in samples
        ]
        written = tab.evaluate(
            """async ([text, ...hands]) => {
                const found = [];
                for (const samples of hands) {
                    const hand = await engine.handOfStrokes(samples);
                    const settings = { hand, seed: 5 };
                    for (const asText of [false, true]) {
                        found.push(await written(text, { ...settings, asText }));
                    }
                    globalThis.otherHand ??= hand;
                    const mixed = { otherHand, mix: 0.25, asText: true };
                    found.push(await written(text, { ...settings, ...mixed }));
                }
                return found;
            }""",
            [TEXT, samples, wide],
        )
        stretched = [
            track_of(one["character"], [np.array(s) for s in one["strokes"]])
            for one in wide
        ]
        plain, sized, _, plain_wide, sized_wide, mixed = written
        check(sized, in_text(as_tracks(plain), tracks))
        check(sized_wide, in_text(as_tracks(plain_wide), stretched))

        def height(written):
            heights = {
                t.character: np.ptp(t.strokes[..., 1]) for t in as_tracks(written)
            }
            return heights["春"]

        assert height(sized_wide) < height(mixed) < height(sized)
        heights = {t.character: np.ptp(t.strokes[..., 1]) for t in as_tracks(sized)}
        assert heights["り"] < 0.9 * heights["驚"]

    def test_in_a_hand_of_tracks_with_more_than_are_shown(self, tab, writer):
        pen = hw.PenWriter(3)
        tracks = [
            pen.track(c, points=24)
            for c in "いろはにほへとちりぬるをわかよたれそつねならむ"
        ]
        given = [
            [t.character, t.points.ravel().tolist(), t.radii.ravel().tolist()]
            for t in tracks
        ]
        written = tab.evaluate(
            """async ([tracks, text]) => {
                const given = tracks.map(([character, points, radii]) =>
                    ({ character, ...lines([[points, radii]])[0] }));
                const hand = await engine.handOfTracks(given);
                return written(text, { hand, seed: 2 });
            }""",
            [given, "永遠の東"],
        )
        check(written, writer.strokes("永遠の東", tracks, seed=2))

    @pytest.mark.parametrize("seed", [0, 11])
    def test_in_a_new_hand(self, tab, writer, seed):
        written = tab.evaluate("([t, seed]) => written(t, { seed })", [TEXT, seed])
        check(written, writer.strokes(TEXT, seed=seed))
        again = tab.evaluate(
            """async (seed) => {
                const hand = await engine.newHand(seed);
                return written("山", { hand, seed });
            }""",
            seed,
        )
        check(again, writer.strokes("山", seed=seed))

    @pytest.mark.parametrize(
        "settings",
        [{"temperature": 0.0}, {"temperature": 1.2}, {"guidance": 2}, {"guidance": 0}],
    )
    def test_with_other_settings(self, tab, hand, settings):
        samples, tracks = hand
        keras_writer = hw.load(MODELS / "jis1-writer", format="keras")
        own = dict(settings)
        if "guidance" in own:
            own["guidance"] = {"hand": float(own["guidance"])}
        written = tab.evaluate(
            """async ([samples, settings]) => {
                const hand = await engine.handOfStrokes(samples);
                return written("春の書", { hand, seed: 3, ...settings });
            }""",
            [samples, settings],
        )
        check(written, keras_writer.strokes("春の書", tracks, seed=3, **own))


@pytest.fixture(scope="module")
def images(writer):
    text = hw.normalise_text(TEXT)
    return writer.strokes(text, seed=4), writer.write(text, seed=4, image_size=64)


class TestImages:
    def drawn(self, tab, track, size, **options):
        lines = [
            [points.ravel().tolist(), radii.tolist()]
            for points, radii in zip(track.points, track.radii, strict=True)
        ]
        greys = tab.evaluate(
            """async ([arrays, size, options]) =>
                [...await engine.draw(lines(arrays), size, options)]""",
            [lines, size, {"character": track.character, **options}],
        )
        return np.array(greys, np.uint8).reshape(size, size)

    def test_lines_are_drawn_alike(self, tab, images):
        found = np.stack([self.drawn(tab, track, 64) for track in images[0]])
        apart = np.abs(found.astype(int) - images[1]) > 1
        assert apart.mean() < 1e-3
        look = hw.Look()
        for track in images[0][::7]:
            found = self.drawn(tab, track, 100, margin=0.2)
            wanted = look.draw(track, 100, margin=0.2)
            assert (np.abs(found.astype(int) - wanted) > 1).mean() < 1e-3

    def read(self, tab, image, among=None):
        return tab.evaluate(
            """async ([grey, [height, width], options]) =>
                engine.read(Uint8Array.from(grey), width, height, options)""",
            [image.ravel().tolist(), image.shape, {"among": among}],
        )

    @pytest.mark.parametrize("kind", ["clean", "large", "soft", "scan"])
    def test_images_are_read_alike(self, tab, reader, writer, images, kind):
        pictures = images[1]
        if kind == "scan":
            text = hw.normalise_text(TEXT)
            pictures = writer.write(text, seed=4, image_size=96, look="scan")
        for picture in pictures[::3]:
            image = Image.fromarray(picture)
            if kind == "large":
                image = image.resize((150, 190), Image.Resampling.BICUBIC)
            if kind == "soft":
                image = image.filter(ImageFilter.GaussianBlur(1.5))
            picture = np.array(image)
            (read,), odds = reader.read(picture)
            found = self.read(tab, picture)
            assert [one["character"] for one in found] == read
            odds_found = [one["probability"] for one in found]
            # A grey level that the cleaning rounds otherwise moves them a little.
            limit = 1e-4 if kind == "clean" else 2e-2
            np.testing.assert_allclose(odds_found, odds[0], atol=limit)

    def test_among_some_characters(self, tab, reader, images):
        among = "ＡはほけぼのA日"
        for picture in images[1][:4]:
            (read,), odds = reader.read(picture, characters=among)
            found = self.read(tab, picture, among)
            assert [one["character"] for one in found] == read
            odds_found = [one["probability"] for one in found]
            np.testing.assert_allclose(odds_found, odds[0], atol=1e-3)


def test_templates_are_placed_alike(tab, characters):
    chosen = [*characters[::150], *"っ。a"]
    found = tab.evaluate(
        """async (characters) => {
            const { Track } = await import("/engine/track.js");
            return Promise.all(characters.map(async (c) => {
                const strokes = await engine.strokes(c, 24);
                const radii = strokes.map(() => new Float64Array(24).fill(0.02));
                return [...Track.ofStrokes(c, strokes, radii).filling().strokePoints()];
            }));
        }""",
        chosen,
    )
    for character, points in zip(chosen, found, strict=True):
        wanted = template_strokes(character, 24)
        np.testing.assert_allclose(points, wanted.ravel(), atol=5e-4)
