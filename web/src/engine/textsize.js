/** Sizes and places that the characters of a hand have in a text. */

import { lengthsOf } from "./curves.js";
import { inkBox, keepsPlace, Track } from "./track.js";

// As in `hwgen_keras.sources.text_size`.
const FIT = 0.95;
const PEN = 2 / 3;

/**
 * How wide a hand is and what its pen is.
 * @typedef {{scale: number, pen: number}} Manner
 *   scale: of all that it writes, at most 1; pen: the logarithm of half its width
 */

/**
 * @param {Track[]} tracks  by the hand, each with ink
 * @param {import("./template.js").Templates} templates
 * @returns {Manner}
 */
export function mannerOf(tracks, templates) {
  const natural = tracks.map((track) => naturally(track, templates));
  const sides = natural.map((track) => sideOf(inkBox([track])));
  const pens = natural.map(penOf);
  return { scale: 1 / Math.max(1, quantile(sides, FIT)), pen: sum(pens) / pens.length };
}

/** The manner between two. @param {Manner} one @param {Manner} other @param {number} share */
export function between(one, other, share) {
  const mix = (name) => (1 - share) * one[name] + share * other[name];
  return { scale: mix("scale"), pen: mix("pen") };
}

/**
 * A track with ink in the size and place that it has in a text.
 * @param {Track} track
 * @param {import("./template.js").Templates} templates
 * @param {Manner} manner
 */
export function inText(track, templates, { scale, pen }) {
  const natural = naturally(track, templates);
  const change = Math.exp((1 - PEN) * (pen - penOf(natural)));
  const middle = [0.5, 0.5];
  const sized = moved(natural, middle, scale, middle, change);
  let box = inkBox([sized]);
  const side = sideOf(box);
  const centre = [0, 1].map((axis) => (box[0][axis] + box[1][axis]) / 2);
  const fitting = side > 1 ? moved(sized, centre, 1 / side, centre) : sized;
  box = inkBox([fitting]);
  const step = [0, 1].map((axis) => Math.max(-box[0][axis], 0) + Math.min(1 - box[1][axis], 0));
  return moved(fitting, [0, 0], 1, step);
}

/** The strokes spread about their middle as those of the template do. */
function naturally(track, templates) {
  if (keepsPlace(track.character)) return track;
  const own = strokesOf(track);
  const written = own.map(({ radii }) => inked(radii));
  const plain = templates.strokes(track.character, track.each).filter((_, i) => written[i]);
  const wanted = spreadOf(plain);
  const found = spreadOf(own.filter((_, i) => written[i]).map(({ points }) => points));
  return moved(track, found.middle, wanted.spread / found.spread, wanted.middle);
}

/** A track that is scaled about a place, which then lies at another one. */
function moved(track, from, scale, to, wider = 1) {
  const points = Float64Array.from(track.points, (x, i) => (x - from[i % 2]) * scale + to[i % 2]);
  const radii = Float64Array.from(track.radii, (radius) => radius * scale * wider);
  return new Track(track.character, points, radii, track.each);
}

function strokesOf(track) {
  return track.asLines().filter((_, line) => line % 2 === 0);
}

/** Whether a line has a piece on the paper. */
function inked(radii) {
  return radii.some((radius, i) => i > 0 && radius > 0 && radii[i - 1] > 0);
}

function penOf(track) {
  let [ink, length] = [0, 0];
  for (const { points, radii } of strokesOf(track)) {
    if (!inked(radii)) continue;
    const lengths = lengthsOf(points);
    for (let i = 1; i < lengths.length; i++) ink += (lengths[i] - lengths[i - 1]) * radii[i];
    length += lengths.at(-1);
  }
  return Math.log(ink / length);
}

/** The middle of lines, and the spread of their ink about it. */
function spreadOf(lines) {
  const pieces = [];
  for (const line of lines) {
    const lengths = lengthsOf(line);
    for (let i = 1; i < lengths.length; i++) {
      const at = [0, 1].map((axis) => (line[2 * i + axis] + line[2 * i - 2 + axis]) / 2);
      pieces.push({ at, weight: lengths[i] - lengths[i - 1] });
    }
  }
  const total = sum(pieces.map(({ weight }) => weight));
  const mean = (value) => sum(pieces.map((piece) => (piece.weight / total) * value(piece)));
  const middle = [0, 1].map((axis) => mean(({ at }) => at[axis]));
  const spread = Math.sqrt(
    mean(({ at }) => (at[0] - middle[0]) ** 2 + (at[1] - middle[1]) ** 2),
  );
  return { middle, spread };
}

function sideOf([low, high]) {
  return Math.max(high[0] - low[0], high[1] - low[1]);
}

function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const next = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (place - below) * (sorted[next] - sorted[below]);
}

function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}
