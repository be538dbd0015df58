/** Fits the track of a character to an image of it, as Python's `fit_track` does. */

import { refusal } from "../refusals.js";
import { cleanImage } from "./clean.js";
import { deformed, placed } from "./deform.js";
import { Course, uncoveredPieces } from "./leftover.js";
import {
  dense,
  denseLine,
  distance,
  endOf,
  joined,
  joinedLegs,
  resampled,
  resampledWithCorners,
  startOf,
} from "./lines.js";
import { snapped, written } from "./match.js";
import { hypot, linspace, roundEven } from "./numbers.js";
import { nearest, skeletonOf } from "./skeleton.js";

/** @typedef {import("./lines.js").Line} Line */
/** @typedef {import("./skeleton.js").Skeleton} Skeleton */

// Side of the image that is thinned, in pixels, and its margin.
const [SIDE, MARGIN] = [112, 0.08];
// Lengths are shares of the side of the image.
// What lies so near is the same line.
const TOLERANCE = 0.012;
// Ink farther from a stroke is not covered by it; a line farther from ink is lifted.
const [COVERED, LIFTED] = [0.0125, 0.03];
// A gap of a way that is narrower is drawn.
const GAP = 0.03;
const SPACING = 0.004;
// Beyond these a fit is not kept.
const [LEAST_COVERAGE, LEAST_PRECISION, MOST_STRANGE] = [0.93, 0.93, 0.15];
const MOST_STRAIN = 0.08;
// Points of each stroke of the template while it is moved.
const POINTS = 48;

/**
 * The whole way of the pen: 2 n - 1 lines for n strokes, the ways between them lifted
 * where the radius is 0.
 * @typedef {object} Track
 * @property {string} character
 * @property {number} lines 2 n - 1
 * @property {Float32Array} points (lines, P, 2), in the box of the template
 * @property {Float32Array} radii (lines, P), half the width of the line
 */

/**
 * Fits the strokes of a template, and the pen's ways, to the image of a character.
 * @param {Uint8Array} grey ink on paper of either polarity, row by row
 * @param {number} width
 * @param {number} height
 * @param {string} character
 * @param {Line[]} template its strokes, evenly spaced points each
 * @param {number} [points] P of each line of the track, at least 4
 * @returns {{track: Track, fault: import("../refusals.js").Refusal|null, quality: object}} the track, moved and
 *   scaled upon the template, and why it should not be kept, if so.
 * @throws {InputError} the image is blank.
 */
export function fitTrack(grey, width, height, character, template, points = 24) {
  const name = refusal("imageOf", { character });
  const image = cleanImage(grey, width, height, { size: SIDE, margin: MARGIN, name });
  const skeleton = skeletonOf(image, SIDE);
  template = template.map((stroke) => {
    return stroke.length === 2 * POINTS ? stroke : resampled(stroke, POINTS);
  });
  const expected = deformed(placed(template, skeleton.points), skeleton);
  const strokes = snapped(expected, skeleton);
  const course = new Course(strokes, written(strokes, expected));
  const lines = strokes.filter((_, k) => course.written[k]);
  const ink = joined(lines.map((line) => denseLine(line, SPACING)));
  const off = distancesFrom(ink, skeleton.points);
  for (const piece of uncoveredPieces(skeleton, off.map((far) => far > COVERED))) {
    const pixels = piece.map((k) => skeleton.points.subarray(2 * k, 2 * k + 2));
    course.add(joined(pixels));
  }
  const track = trackOf(character, course, skeleton, points);
  const quality = {
    ...overlap(track, skeleton),
    strange: (course.strange * SIDE) / skeleton.count,
    strokes: template.length,
    leftOut: course.written.filter((is) => !is).length,
    strain: strainOf(joined(template), joined(strokes.map(atSteps))),
  };
  upon(template, track, strokes);
  return { track, fault: faultOf(quality), quality };
}

/** Why a fit should not be kept, or null. */
function faultOf({ coverage, precision, strange, strain, strokes }) {
  const percent = (share) => `${roundEven(100 * share)}%`;
  if (coverage < LEAST_COVERAGE) return refusal("inkLeft", { share: percent(coverage) });
  if (precision < LEAST_PRECISION) {
    return refusal("besideInk", { share: percent(1 - precision) });
  }
  if (strange > MOST_STRANGE) return refusal("strangeInk", { share: percent(strange) });
  // Of few strokes each may strain more: the bound holds for many.
  if (strain > MOST_STRAIN * (1 + 1 / strokes)) {
    return refusal("otherForm");
  }
  return null;
}

/** The distance of each point from the nearest of others. */
function distancesFrom(others, points) {
  return Array.from({ length: points.length / 2 }, (_, k) => {
    return nearest(others, points[2 * k], points[2 * k + 1]).far;
  });
}

/** The strokes and ways of a course as a track in the box of the skeleton. */
function trackOf(character, course, skeleton, count) {
  const lines = [];
  const down = [];
  course.strokes.forEach((stroke, k) => {
    if (k) {
      const way = joinedLegs(legsTo(course, k), count);
      lines.push(way.points);
      down.push(...way.down);
    }
    lines.push(resampledWithCorners(stroke, count));
    down.push(...Array(count).fill(course.written[k]));
  });
  const points = joined(lines);
  const radii = Float32Array.from(down, (isDown, k) => {
    const { far, index } = nearest(skeleton.points, points[2 * k], points[2 * k + 1]);
    return isDown && far < LIFTED ? skeleton.radii[index] : 0;
  });
  return { character, lines: lines.length, points: Float32Array.from(points), radii };
}

/** The way to stroke k: each of its legs, and whether the pen is down. */
function legsTo(course, k) {
  const [start, end] = [endOf(course.strokes[k - 1]), startOf(course.strokes[k])];
  const progress = (piece) => {
    return distance(startOf(piece), start) - distance(startOf(piece), end);
  };
  const straight = (from, to) => Float64Array.from([...from, ...to]);
  const legs = [];
  let here = start;
  let down = course.written[k - 1];
  const pieces = course.ways[k - 1].slice().sort((a, b) => progress(a) - progress(b));
  for (const piece of pieces) {
    const first = startOf(piece);
    const near = distance(first, here) < GAP;
    legs.push({ line: straight(here, first), down: near && down });
    legs.push({ line: piece, down: true });
    [here, down] = [endOf(piece), true];
  }
  const near = pieces.length > 0 && distance(end, here) < GAP;
  legs.push({ line: straight(here, end), down: near && course.written[k] });
  return legs;
}

/** Shares of the skeleton with ink of the track, and of this with the skeleton, near. */
function overlap({ lines, points, radii }, skeleton) {
  const each = radii.length / lines;
  const [starts, ends] = [[], []];
  for (let k = 0; k + 1 < radii.length; k++) {
    if ((k + 1) % each === 0 || !(radii[k] > 0 && radii[k + 1] > 0)) continue;
    starts.push(points[2 * k], points[2 * k + 1]);
    ends.push(points[2 * k + 2], points[2 * k + 3]);
  }
  if (!starts.length) return { coverage: 0, precision: 0 };
  const ink = dense(starts, ends, SPACING);
  const near = (off) => off.filter((far) => far <= TOLERANCE).length / off.length;
  return {
    coverage: near(distancesFrom(ink, skeleton.points)),
    precision: near(distancesFrom(skeleton.points, ink)),
  };
}

/** As many points of a stroke as the template has, without new ones. */
function atSteps(stroke) {
  const steps = linspace(0, stroke.length / 2 - 1, POINTS);
  const points = Array.from(steps, (step) => 2 * roundEven(step));
  return joined(points.map((k) => stroke.subarray(k, k + 2)));
}

/** Mean distance of points from the best affine map of the template's. */
function strainOf(template, wanted) {
  const count = template.length / 2;
  const column = (points, axis) => {
    return Float64Array.from({ length: count }, (_, k) => points[2 * k + axis]);
  };
  const product = (a, b) => a.reduce((sum, value, k) => sum + value * b[k], 0);
  const basis = [];
  // What a column has beside those before it; nothing, if the template is straight.
  const beside = (values) => {
    let rest = values;
    for (const unit of basis) {
      const share = product(rest, unit);
      rest = rest.map((value, k) => value - share * unit[k]);
    }
    return rest;
  };
  const all = [new Float64Array(count).fill(1), column(template, 0), column(template, 1)];
  for (const values of all) {
    const rest = beside(values);
    const size = Math.sqrt(product(rest, rest));
    if (size > 1e-12 * count) basis.push(rest.map((value) => value / size));
  }
  const [x, y] = [beside(column(wanted, 0)), beside(column(wanted, 1))];
  return x.reduce((sum, value, k) => sum + hypot(value, y[k]), 0) / count;
}

/** Moves and scales a track until its strokes lie best upon the template's. */
function upon(template, track, strokes) {
  const [from, to] = [strokes, template].map((lines) => {
    const points = joined(lines);
    const count = points.length / 2;
    const middle = [0, 0];
    points.forEach((value, k) => (middle[k % 2] += value / count));
    const squares = points.reduce((sum, value, k) => sum + (value - middle[k % 2]) ** 2, 0);
    return { middle, spread: Math.sqrt(squares / count) };
  });
  const scale = to.spread / Math.max(from.spread, 1e-6);
  track.points.forEach((value, k) => {
    track.points[k] = (value - from.middle[k % 2]) * scale + to.middle[k % 2];
  });
  track.radii.forEach((radius, k) => (track.radii[k] = radius * scale));
}
