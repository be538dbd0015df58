/**
 * Moves the strokes of a template towards a skeleton, smoothly and without breaks.
 *
 * The displacement is a Gaussian process over the points of the strokes: what is near in
 * the plane moves alike, what is near along a stroke still more so. Skeleton and strokes
 * are two sets of points, of which one is a sample of a mixture around the other; the
 * mixture's deviation falls from round to round.
 *
 * Reference: Myronenko and Song, Point set registration: coherent point drift, 2010.
 */

import { permutation } from "./chosen.js";
import { covariances } from "./covariances.js";
import { distance, endOf, joined, lengthOf, resampled, startOf } from "./lines.js";
import { clip, hypot, linspace } from "./numbers.js";
import { solvedPositive } from "./solve.js";

/** @typedef {import("./lines.js").Line} Line */
/** @typedef {import("./skeleton.js").Skeleton} Skeleton */

// Lengths are shares of the side of the image.
// The deviation of the mixture, from the first round to the last, and the rounds.
const [WIDEST, NARROWEST, ROUNDS] = [0.09, 0.012, 26];
// Points that are compared: of a stroke, as many as the longest stroke needs, but of all
// strokes no more than so many, unless each has the fewest; of a way; of the skeleton.
const [FEWEST, MOST, ALL, SPACING] = [12, 32, 300, 0.07];
const [PER_WAY, PER_SKELETON] = [6, 320];
// Ink that no line explains, and a point of a way beside one of a stroke.
const [OUTLIERS, WAY_WEIGHT] = [0.08, 0.25];
// What a line across costs a point: the logarithm of its weight falls by twice this.
const ACROSS = 1.5;
// Sides of a template that are shorter than this share of the other keep their scale.
const FLAT = 0.15;

/**
 * A template, moved and scaled into the box of points.
 * @param {Line[]} template its strokes
 * @param {Float64Array} points flat
 * @returns {Line[]}
 */
export function placed(template, points) {
  const [from, to] = [boxOf(joined(template)), boxOf(points)];
  const whole = Math.max(...to.size) / Math.max(...from.size);
  const scale = from.size.map((size, axis) => {
    if (size < FLAT * Math.max(...from.size)) return whole;
    return clip(to.size[axis] / Math.max(size, 1e-6), whole / 2, whole * 2);
  });
  return template.map((line) => {
    return line.map((value, k) => {
      return (value - from.middle[k % 2]) * scale[k % 2] + to.middle[k % 2];
    });
  });
}

/** The middle and the size of the box around points, for both axes. */
function boxOf(points) {
  const axes = [0, 1].map((axis) => points.filter((_, k) => k % 2 === axis));
  const ends = axes.map((values) => [
    values.reduce((a, b) => Math.min(a, b)),
    values.reduce((a, b) => Math.max(a, b)),
  ]);
  return {
    middle: ends.map(([low, high]) => (low + high) / 2),
    size: ends.map(([low, high]) => high - low),
  };
}

/**
 * Cosine and sine of twice the angle of a line at each point.
 * @param {Line} line
 * @returns {Float64Array}
 */
export function doubledDirections(line) {
  const result = new Float64Array(line.length);
  const last = line.length / 2 - 1;
  for (let k = 0; k <= last; k++) {
    const [before, after] = [Math.max(k - 1, 0), Math.min(k + 1, last)];
    const x = (line[2 * after] - line[2 * before]) / (after - before);
    const y = (line[2 * after + 1] - line[2 * before + 1]) / (after - before);
    const [cosine, sine] = [x * x - y * y, 2 * x * y];
    const size = Math.max(hypot(cosine, sine), 1e-12);
    result[2 * k] = cosine / size;
    result[2 * k + 1] = sine / size;
  }
  return result;
}

/**
 * The strokes, moved to where the skeleton lets them be expected.
 * @param {Line[]} strokes a template in the box of the skeleton
 * @param {Skeleton} skeleton
 * @returns {Line[]}
 */
export function deformed(strokes, skeleton) {
  const count = strokes.length;
  const long = strokes.map(lengthOf);
  const fitting = Math.min(Math.max(...long) / SPACING, MOST, ALL / count);
  const each = Math.max(Math.trunc(fitting), FEWEST);
  const first = joined(strokes.map((stroke) => resampled(stroke, each)));
  const prior = covariances(first, first, count);
  const n = first.length / 2;
  const share = Float64Array.from({ length: n }, (_, k) => {
    return Math.max(long[Math.floor(k / each)] / each, 0.002);
  });
  const all = share.reduce((a, b) => a + b);
  share.forEach((value, k) => (share[k] = value / all));
  const ink = someOf(skeleton);
  const perPoint = PER_SKELETON / 2 / ink.count;
  const whole = long.reduce((a, b) => a + b);
  let moved = first;
  let solution = null;
  for (let round = 0; round < ROUNDS; round++) {
    const deviation = WIDEST * (NARROWEST / WIDEST) ** (round / (ROUNDS - 1));
    const now = split(moved, count);
    const weights = density(now, share, ink, deviation);
    const sums = new Float64Array(ink.count).fill(outliers(deviation));
    addRows(sums, weights);
    if (count > 1) {
      const { ways, onWay } = waysBetween(now, whole);
      addRows(sums, density(ways, onWay, ink, deviation));
    }
    const pull = new Float64Array(2 * n);
    const noise = new Float64Array(n);
    for (let k = 0; k < n; k++) {
      let [mass, x, y] = [0, 0, 0];
      for (let j = 0; j < ink.count; j++) {
        const weight = weights[k * ink.count + j] / sums[j];
        mass += weight;
        x += weight * ink.points[2 * j];
        y += weight * ink.points[2 * j + 1];
      }
      pull[2 * k] = x / Math.max(mass, 1e-9) - first[2 * k];
      pull[2 * k + 1] = y / Math.max(mass, 1e-9) - first[2 * k + 1];
      noise[k] = deviation ** 2 / Math.max(mass * perPoint, 1e-4);
    }
    solution = solvedPositive(prior, noise, pull);
    moved = displaced(first, prior, solution);
  }
  const points = joined(strokes);
  return split(displaced(points, covariances(points, first, count), solution), count);
}

/** Points of the skeleton with their directions: all, or some of many. */
function someOf({ points, directions, count }) {
  if (count <= PER_SKELETON) return { points, directions, count };
  const some = permutation(count).subarray(0, PER_SKELETON);
  const pairs = (all) => joined(Array.from(some, (k) => all.subarray(2 * k, 2 * k + 2)));
  return { points: pairs(points), directions: pairs(directions), count: some.length };
}

/** Points as `count` lines of as many points each. */
function split(points, count) {
  const size = points.length / count;
  return Array.from({ length: count }, (_, k) => points.subarray(k * size, (k + 1) * size));
}

/** points + covariances times solution. */
function displaced(points, matrix, solution) {
  const columns = solution.length / 2;
  const result = Float64Array.from(points);
  for (let k = 0; k < points.length / 2; k++) {
    for (let j = 0; j < columns; j++) {
      const covariance = matrix[k * columns + j];
      result[2 * k] += covariance * solution[2 * j];
      result[2 * k + 1] += covariance * solution[2 * j + 1];
    }
  }
  return result;
}

/** The weight of each skeleton point (columns) around each point of lines (rows). */
function density(lines, share, ink, deviation) {
  const points = joined(lines);
  const along = joined(lines.map(doubledDirections));
  const result = new Float64Array((points.length / 2) * ink.count);
  for (let i = 0, k = 0; i < points.length; i += 2) {
    for (let j = 0; j < 2 * ink.count; j += 2, k++) {
      const [x, y] = [points[i] - ink.points[j], points[i + 1] - ink.points[j + 1]];
      const [cosine, sine] = [ink.directions[j], ink.directions[j + 1]];
      const across = ACROSS * (along[i] * cosine + along[i + 1] * sine - 1);
      const squared = x * x + y * y;
      result[k] = Math.exp(across - squared / (2 * deviation ** 2)) * share[i / 2];
    }
  }
  return result;
}

/** Adds the rows of a matrix to their sums. */
function addRows(sums, matrix) {
  for (let k = 0; k < matrix.length; ) {
    for (let j = 0; j < sums.length; j++, k++) sums[j] += matrix[k];
  }
}

const outliers = (deviation) => {
  return OUTLIERS * 2 * Math.PI * deviation ** 2 * Math.exp(-ACROSS / 2);
};

/** Points on the straight ways between strokes, and their shares in the mixture. */
function waysBetween(strokes, length) {
  const t = linspace(0, 1, PER_WAY + 2).subarray(1, -1);
  const ways = [];
  const onWay = [];
  for (let k = 1; k < strokes.length; k++) {
    const [end, start] = [endOf(strokes[k - 1]), startOf(strokes[k])];
    const way = new Float64Array(2 * PER_WAY);
    way.forEach((_, i) => {
      const share = t[i >> 1];
      way[i] = end[i % 2] * (1 - share) + start[i % 2] * share;
    });
    ways.push(way);
    const share = (WAY_WEIGHT / length) * (distance(start, end) / PER_WAY);
    onWay.push(...Array(PER_WAY).fill(share));
  }
  return { ways, onWay };
}
