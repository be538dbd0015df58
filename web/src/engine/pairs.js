/** The strokes of a hand as the writer is shown them, each beside KanjiVG's. */

import { roundEven } from "../photo/numbers.js";
import { Generator } from "./random.js";

/** At most so many of the numbers below `count`, evenly spread. */
export function evenly(count, most) {
  const length = Math.min(count, most);
  if (length === 1) return [0];
  return Array.from({ length }, (_, i) => roundEven(((count - 1) * i) / (length - 1)));
}

/**
 * The inputs of the graph `hand`; without tracks those of no hand.
 * @param {import("./track.js").Track[]} tracks  with as many strokes as KanjiVG's
 * @param {import("./template.js").Templates} templates
 * @param {{points: number, pairs: number, samples: number}} facts
 * @param {number} seed
 */
export function handInputs(tracks, templates, facts, seed) {
  const { points, pairs } = facts;
  const shown = evenly(tracks.length, facts.samples).map((i) => tracks[i]);
  const strokes = [];
  for (const given of shown) {
    const same = given.each === points ? given : given.resampled(points);
    const track = same.filling();
    const template = templates.placed(track.character, points);
    for (let i = 0; i < track.n; i++) strokes.push({ track, template, i });
  }
  const chosen = spread(strokes, pairs, new Generator([seed, shown.length]));
  const count = Math.max(chosen.length, 1);
  const template = new Float32Array(count * points * 2);
  const lines = new Float32Array(count * points * 4);
  const radii = new Float32Array(count * points * 2);
  chosen.forEach(({ track, template: own, i }, k) => {
    const size = 2 * points;
    template.set(own.subarray(i * size, (i + 1) * size), k * size);
    // The stroke and the way that follows; the last one has none.
    const ways = i + 1 < track.n ? 2 : 1;
    const [first, end] = [2 * i, 2 * i + ways];
    lines.set(track.points.subarray(first * size, end * size), 2 * k * size);
    radii.set(track.radii.subarray(first * points, end * points), k * size);
    if (ways === 2) return;
    const rest = track.points.slice(-2);
    for (let p = 0; p < points; p++) lines.set(rest, (2 * k + 1) * size + 2 * p);
  });
  const mask = new Uint8Array(count).fill(chosen.length ? 1 : 0);
  return {
    hand_template: { data: template, dims: [1, count, points, 2] },
    hand_points: { data: lines, dims: [1, count, 2, points, 2] },
    hand_radii: { data: radii, dims: [1, count, 2, points] },
    hand_mask: { data: mask, dims: [1, count] },
  };
}

/** At most `most` of the strokes, evenly spread from a random start on. */
function spread(strokes, most, random) {
  const start = random.random();
  if (strokes.length <= most) return strokes;
  const place = (k) => Math.floor(((k + start) / most) * strokes.length);
  return Array.from({ length: most }, (_, k) => strokes[place(k)]);
}
