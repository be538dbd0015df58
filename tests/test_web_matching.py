"""The page's engine in Chromium matches drawn strokes as this package does."""

import json

import numpy as np
import pytest
from web_site import KINDS, drawn, sample, track_of

from hwgen_keras.sources.online.matching import _cover, match_strokes
from hwgen_keras.sources.online.samples import Unusable
from hwgen_keras.sources.strokes import strokes
from web.models import MODELS

pytestmark = pytest.mark.backend_free


@pytest.fixture(scope="module")
def characters():
    about = json.loads((MODELS / "jis1-writer/model.json").read_text("utf-8"))
    return about["characters"]


@pytest.fixture(scope="module")
def cases(tab, characters):
    """(drawn lines, the page's match and track) of 63 characters."""
    rng, lines = np.random.default_rng(0), []
    for number in range(63):
        character = characters[rng.integers(len(characters))]
        kind = KINDS[number % len(KINDS)]
        lines.append((character, drawn(character, rng, kind)))
    found = tab.evaluate(
        """async (samples) => {
            const { matchStrokes } = await import("/engine/match/matching.js");
            const { matchedTrack } = await import("/engine/match/fitting.js");
            const found = [];
            for (const { character, strokes } of samples) {
                const template = await engine.strokes(character);
                const lines = strokes.map((line) => Float64Array.from(line.flat()));
                const one = { match: matchStrokes(template, lines) };
                try {
                    const options = { radius: 0.015, points: 24 };
                    const track = matchedTrack(character, template, lines, options);
                    one.points = [...track.points];
                    one.radii = [...track.radii];
                } catch (error) {
                    one.fault = error.message;
                }
                found.push(one);
            }
            return found;
        }""",
        [sample(*one) for one in lines],
    )
    return [(*one, its) for one, its in zip(lines, found, strict=True)]


class TestMatching:
    def test_strokes_are_matched_alike(self, cases):
        groups = 0
        for character, lines, found in cases:
            wanted, match = match_strokes(strokes(character), lines), found["match"]
            pairs = [
                tuple(tuple(map(tuple, g[k])) for k in ("template", "sample"))
                for g in match["groups"]
            ]
            assert pairs == [(g.template, g.sample) for g in wanted.groups], character
            distances = [g["distance"] for g in match["groups"]]
            own = [g.distance for g in wanted.groups]
            np.testing.assert_allclose(distances, own, atol=1e-3)
            assert match["leftOut"] == wanted.left_out
            assert match["added"] == wanted.added
            assert match["ignored"] == wanted.ignored
            groups += sum(len(g.template) + len(g.sample) > 2 for g in wanted.groups)
        assert groups > 50

    def test_tracks_are_fitted_alike(self, cases):
        faults = 0
        for character, lines, found in cases:
            try:
                track = track_of(character, lines)
            except Unusable:
                faults += 1
                assert found["fault"]
                continue
            points = np.reshape(found["points"], track.points.shape)
            np.testing.assert_allclose(points, track.points, atol=1e-3)
            np.testing.assert_allclose(found["radii"], track.radii.ravel(), atol=1e-6)
        assert faults < len(cases) / 2


def test_covers_cost_what_those_of_scipy_do(tab):
    rng, cases = np.random.default_rng(0), []
    for _ in range(15):
        alone = rng.uniform(0.05, 1, rng.integers(4, 20))
        sets = [rng.permutation(len(alone))[:n] for n in rng.integers(2, 5, 100)]
        costs = [alone[rows].sum() * rng.uniform(0.1, 1) for rows in sets]
        cases.append(([s.tolist() for s in sets], costs, alone.tolist()))
    found = tab.evaluate(
        """async (cases) => {
            const { cheapestCover } = await import("/engine/match/cover.js");
            return cases.map((one) => cheapestCover(...one));
        }""",
        cases,
    )
    for chosen, (sets, costs, alone) in zip(found, cases, strict=True):
        wanted = _cover([np.array(rows) for rows in sets], costs, np.array(alone))
        cost = []
        for columns in (chosen, wanted):
            used = [row for k in columns for row in sets[k]]
            assert len(used) == len(set(used))
            left = [a for row, a in enumerate(alone) if row not in used]
            cost.append(sum(costs[k] for k in columns) + sum(left))
        assert cost[0] == pytest.approx(cost[1], abs=1e-6)
