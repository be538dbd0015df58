"""Looks: what follows from what, where the ink is, and what each pen and scanner do."""

import dataclasses

import numpy as np
import pytest

import hwgen_keras as hw
from hwgen_keras.sources.fitting import draw_track
from hwgen_keras.sources.looks import (
    LOOKS,
    PENS,
    SCANNERS,
    draw_pen,
    draw_scanner,
)
from hwgen_keras.sources.strokes import strokes

pytestmark = pytest.mark.backend_free

TRACKS = [hw.PenWriter(seed).track(c) for seed, c in enumerate("あ永、っ鬱一")]


def straight(points=24, radius=0.02, character="二"):
    """The strokes of a character, all of one width."""
    lines = strokes(character, points)
    return hw.Track.of_strokes(character, lines, np.full(lines.shape[:2], radius))


def plain(kind="ball", **changes):
    """A pen without accidents."""
    same = {"pressure": 1.0, "start_taper": 0.0, "end_taper": 0.0, "tone": 1.0}
    same |= {"pooling": 0.0, "skips": 0.0, "dryness": 0.0, "grain": 0.0}
    pen = draw_pen(np.random.default_rng(0), kind)
    return dataclasses.replace(pen, **{**same, **changes})


def ink_of(pen, track=None, size=96, seed=0):
    rng = np.random.default_rng(seed)
    return pen.draw(straight() if track is None else track, size, rng, 0.08)


def scanner(kind="grey", **changes):
    """A scanner that changes nothing."""
    ideal = {"paper": 1.0, "shading": 0.0, "contrast": 1.0, "fading": 0.0, "blur": 0.0}
    ideal |= {"noise": 0.0, "dust": 0.0, "jpeg": None, "lines": 0.0}
    drawn = draw_scanner(np.random.default_rng(0), kind)
    return dataclasses.replace(drawn, **{**ideal, **changes})


def scan_of(made, image=None, seed=0, **arguments):
    image = draw_track(TRACKS[1], 64) if image is None else image
    return made.scan(image, np.random.default_rng(seed), **arguments)


@pytest.mark.parametrize("size", [8, 24, 64, 131])
@pytest.mark.parametrize("name", LOOKS)
def test_images_are_greys_of_their_size(name, size):
    look = hw.Look(name, seed=2)
    for row, track in enumerate(TRACKS):
        image = look.draw(track, size, f"hand {row}", row)
        assert image.dtype == np.uint8 and image.shape == (size, size)
        assert image.flags.c_contiguous
        assert image.max() - image.min() > 40


@pytest.mark.parametrize("kind", PENS)
@pytest.mark.parametrize("margin", [0.0, 0.08, 0.2])
def test_ink_stays_within_the_margin(kind, margin):
    for seed in range(8):
        pen = draw_pen(np.random.default_rng(seed), kind)
        for track in TRACKS:
            ink = pen.draw(track, 100, np.random.default_rng(seed), margin)
            assert ink.min() >= 0 and ink.max() <= 1 and ink.max() > 0.5
            # Lines have soft edges of a pixel.
            free = int(100 * margin) - 1
            edge = np.ones((100, 100), bool)
            edge[max(free, 0) : 100 - free, max(free, 0) : 100 - free] = False
            assert not ink[edge].any()


def test_all_follows_from_the_seed_hand_row_and_attempt():
    track = TRACKS[1]
    for name in ("pen", "scan"):
        first = hw.Look(name, 3).draw(track, 48, "a", 5, 1)
        hw.Look(name, 3).draw(track, 48, "b", 9, 0)
        again = hw.Look(name, 3).draw(track, 48, "a", 5, 1)
        np.testing.assert_array_equal(first, again)
    scan, others = hw.Look("scan", 3), [("b", 5, 1), ("a", 6, 1), ("a", 5, 0)]
    for other in others:
        assert (scan.draw(track, 48, *other) != first).any()
    assert (hw.Look("scan", 4).draw(track, 48, "a", 5, 1) != first).any()


def test_a_hand_has_one_pen_and_one_scanner():
    look = hw.Look("scan", 7)
    names = [f"hand {number}" for number in range(200)]
    assert look.pen(names[0]) == hw.Look("pen", 7).pen(names[0])
    assert look.pen(names[0]) != look.pen(names[1])
    assert look.pen(names[0]) != hw.Look("scan", 8).pen(names[0])
    for kinds, drawn in (
        (PENS, [look.pen(name).kind for name in names]),
        (SCANNERS, [look.scanner(name).kind for name in names]),
    ):
        shares = [drawn.count(kind) / len(names) for kind in kinds]
        assert min(shares) > 0.1 and sum(shares) == pytest.approx(1)


def test_clean_and_pen_are_not_scanned():
    track = TRACKS[0]
    np.testing.assert_array_equal(hw.Look().draw(track, 40, "a"), draw_track(track, 40))
    image = np.full((30, 20), 90, np.uint8)
    for name in ("clean", "pen"):
        assert hw.Look(name).scan(image, "a") is image
    pen = hw.Look("pen").draw(track, 40, "a")
    np.testing.assert_array_equal(pen, hw.Look("scan").ink(track, 40, "a"))
    assert (pen != draw_track(track, 40)).any()


def test_a_pen_widens_the_lines():
    thin, broad = (ink_of(plain(width=width)).sum() for width in (0.03, 0.1))
    assert broad > 1.4 * thin
    lines = straight()
    radii = lines.radii * np.where(np.arange(24) < 12, 1, 2)
    uneven = hw.Track("二", lines.points, radii)
    even, pressed = (
        ink_of(plain(pressure=pressure), uneven) for pressure in (0.0, 1.0)
    )

    def ratio(ink):
        return ink[:, 60:84].sum() / ink[:, 12:36].sum()

    assert ratio(even) < 1.3 < 1.6 < ratio(pressed)


def test_strokes_taper_where_the_pen_is_lifted():
    one = straight(character="一")
    whole = ink_of(plain(), one)
    tapered = ink_of(plain("brush", width=plain().width, end_taper=0.8), one)
    assert tapered[:, 80:].sum() < 0.8 * whole[:, 80:].sum()
    # The pen stays down on the way from the first stroke to the second.
    two = straight()
    radii = two.radii.copy()
    radii[1] = 0.02
    joined = hw.Track("二", two.points, radii)
    pen, even = plain(end_taper=0.8, taper_length=0.3), plain()
    # Where the first stroke ends.
    end = np.s_[:48, 64:80]
    lost = [
        1 - ink_of(pen, track)[end].sum() / ink_of(even, track)[end].sum()
        for track in (two, joined)
    ]
    assert lost[0] > 0.5 and lost[1] < 0.05


def test_ink_is_uneven_as_the_pen_is():
    whole = ink_of(plain())
    assert ink_of(plain(tone=0.6)).max() == pytest.approx(0.6)
    dry = ink_of(plain("brush", width=plain().width, dryness=0.9), seed=1)
    rows, columns = np.nonzero(whole)
    right = np.s_[:, columns.max() - 12 :]
    left = np.s_[:, : columns.min() + 12]
    assert (dry[left] / np.maximum(whole[left], 1e-9)).max() > 0.95
    assert dry[right].sum() < 0.8 * whole[right].sum()
    assert ink_of(plain(skips=0.3)).sum() < 0.95 * whole.sum()
    grey = ink_of(plain(tone=0.6, grain=0.1))
    inside = whole == 1
    assert grey[inside].std() > 0.02
    assert np.ptp(ink_of(plain(tone=0.6))[inside]) < 1e-9


def test_felt_is_darker_where_strokes_cross():
    cross = straight(character="十")
    felt = plain("felt", tone=0.6, pooling=0.5)
    ink = ink_of(felt, cross)
    middle = ink[38:58, 38:58].max()
    arms = np.median(ink[(ink_of(plain(), cross) == 1) & (ink > 0)])
    assert arms == pytest.approx(0.6, abs=0.05) and middle > arms + 0.1


@pytest.mark.parametrize("name", ["pen", "scan"])
def test_a_track_without_ink_is_paper(name):
    empty = hw.Track("二", straight().points, np.zeros((3, 24)))
    ink = hw.Look(name).ink(empty, 32, "a")
    assert (ink == 255).all()
    for kind in SCANNERS:
        made = draw_scanner(np.random.default_rng(1), kind)
        scanned = scan_of(dataclasses.replace(made, dust=0.0, lines=0.0), ink)
        assert scanned.min() > 150


def test_wild_widths_are_drawn():
    lines = straight()
    radii = np.geomspace(1e-6, 3.9, 72).reshape(3, 24)
    wild = hw.Track("二", lines.points, radii)
    for kind in PENS:
        ink = ink_of(draw_pen(np.random.default_rng(0), kind), wild)
        assert np.isfinite(ink).all() and ink.max() > 0.3


def test_scanners_keep_few_greys():
    image = draw_track(TRACKS[1], 64)
    np.testing.assert_array_equal(scan_of(scanner(), image), image)
    assert set(np.unique(scan_of(scanner("binary")))) == {0, 255}
    levels = np.unique(scan_of(scanner("levels", noise=0.1)))
    assert 8 < len(levels) <= 16 and not (levels % 17).any()


def test_what_a_scanner_does():
    image = draw_track(TRACKS[1], 64)
    paper = image == 255
    faded = scan_of(scanner(contrast=0.5), image)
    assert faded.min() == pytest.approx(128, abs=2) and faded[paper].min() == 255
    assert scan_of(scanner(paper=0.8), image)[paper].max() == 204
    assert scan_of(scanner(noise=0.02, paper=0.8), image)[paper].std() > 3
    blurred = scan_of(scanner(blur=0.02), image).astype(int)
    assert np.abs(np.diff(blurred)).max() < np.abs(np.diff(image.astype(int))).max()
    assert (scan_of(scanner(jpeg=50), image) != image).any()
    uneven = scan_of(scanner(fading=0.3, jpeg=None), image)
    assert (uneven != image).any() and (uneven[paper] == 255).all()
    blank = np.full((64, 64), 255, np.uint8)
    dusty = scan_of(scanner(dust=5.0), blank)
    assert 0 < (dusty < 255).mean() < 0.01


def test_a_sheet_gets_darker_to_a_side():
    page = np.full((60, 80), 255, np.uint8)
    shaded = scan_of(scanner(shading=0.4, direction=0.0), page, side=20).astype(float)
    assert shaded[:, :20].mean() > shaded[:, -20:].mean() + 40


def test_printed_lines_stay_at_the_edges():
    blank = np.full((64, 64), 255, np.uint8)
    found = np.zeros((64, 64), bool)
    for seed in range(30):
        for box in (False, True):
            made = scanner(lines=1.0, box=box, line_darkness=0.5)
            lines = scan_of(made, blank, seed) < 255
            assert not lines[5:-5, 5:-5].any()
            if not box:
                assert not lines[:5].any()
            found |= lines
    for edge in (found[:5], found[-5:], found[:, :5], found[:, -5:]):
        assert edge.any()
    assert (scan_of(scanner(lines=1.0), blank, side=20) == 255).all()


def test_mistakes_get_one_sentence():
    with pytest.raises(hw.InputError, match="look is 'ink'; use clean, pen, scan."):
        hw.Look("ink")
    with pytest.raises(hw.InputError, match="look is 3; use"):
        hw.Look(3)
    with pytest.raises(hw.InputError, match="seed is -1; give a whole number"):
        hw.Look("pen", -1)
    for name in LOOKS:
        with pytest.raises(hw.InputError, match="image_size is 4"):
            hw.Look(name).draw(TRACKS[0], 4)
        with pytest.raises(hw.InputError, match="margin is 0.5"):
            hw.Look(name).draw(TRACKS[0], 32, margin=0.5)
