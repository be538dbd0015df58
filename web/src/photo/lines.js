/**
 * Polylines: flat arrays x0, y0, x1, y1, … of points that straight pieces join.
 * @typedef {Float64Array} Line
 */

import { concatenated as joined, reversed } from "../engine/curves.js";
import { argmost, hypot, interpolate, lastNotAbove, linspace } from "./numbers.js";

export { joined, reversed };

// A corner that is cut by less, as a share of the box, is left as it is.
const FINE = 0.008;
// Corners of one line that get a point of their own.
const CORNERS = 8;
// Points lie closer in curves: by 1 + this x the root of the curvature, less that of the
// steps of pixels, which is measured over so much of the line.
const [CLOSER, STEPS, SPAN] = [0.35, 4, 0.1];

/** @param {Line} line @param {number} k @returns {[number, number]} its point k */
export const pointOf = (line, k) => [line[2 * k], line[2 * k + 1]];

/** @param {Line} line */
export const startOf = (line) => pointOf(line, 0);

/** @param {Line} line */
export const endOf = (line) => pointOf(line, line.length / 2 - 1);

/** @param {number[]} a @param {number[]} b */
export const distance = (a, b) => hypot(a[0] - b[0], a[1] - b[1]);

/** @param {Line} line @returns {Float64Array} length from the start to each point. */
export function lengthsAlong(line) {
  const along = new Float64Array(line.length / 2);
  for (let k = 1; k < along.length; k++) {
    along[k] = along[k - 1] + distance(pointOf(line, k), pointOf(line, k - 1));
  }
  return along;
}

/** @param {Line} line @returns {number} */
export const lengthOf = (line) => lengthsAlong(line)[line.length / 2 - 1];

/** Points of a line at the lengths `wanted`; `along` are its `lengthsAlong`. */
function pointsAt(line, along, wanted) {
  const x = along.map((_, k) => line[2 * k]);
  const y = along.map((_, k) => line[2 * k + 1]);
  const points = new Float64Array(2 * wanted.length);
  wanted.forEach((length, k) => {
    points[2 * k] = interpolate(length, along, x);
    points[2 * k + 1] = interpolate(length, along, y);
  });
  return points;
}

/**
 * Points evenly spaced by arc length along a line.
 * @param {Line} line
 * @param {number} count at least 2
 * @returns {Line}
 */
export function resampled(line, count) {
  const along = lengthsAlong(line);
  return pointsAt(line, along, linspace(0, along[along.length - 1], count));
}

/**
 * Points along straight pieces, in the middles of parts no longer than `gap`.
 * @param {ArrayLike<number>} starts x and y of each piece in turn
 * @param {ArrayLike<number>} ends
 * @param {number} gap
 * @returns {Float64Array}
 */
export function dense(starts, ends, gap) {
  const points = [];
  for (let k = 0; k < starts.length; k += 2) {
    const [x, y] = [ends[k] - starts[k], ends[k + 1] - starts[k + 1]];
    const count = Math.max(1, Math.ceil(hypot(x, y) / gap));
    for (let number = 0; number < count; number++) {
      const share = (number + 0.5) / count;
      points.push(starts[k] + share * x, starts[k + 1] + share * y);
    }
  }
  return Float64Array.from(points);
}

/** `dense` of the pieces of one line. @param {Line} line @param {number} gap */
export const denseLine = (line, gap) => dense(line.subarray(0, -2), line.subarray(2), gap);

/**
 * A line without the steps of pixels; its ends stay.
 * @param {Line} line
 * @param {number} rounds
 * @returns {Line}
 */
export function smoothed(line, rounds) {
  let now = line;
  for (let round = 0; round < rounds; round++) {
    const next = Float64Array.from(now);
    for (let k = 2; k < now.length - 2; k++) {
      next[k] = now[k - 2] / 4 + now[k] / 2 + now[k + 2] / 4;
    }
    now = next;
  }
  return now;
}

/**
 * Points along a line, closer in curves, of which one is at each corner.
 *
 * Evenly spaced points would cut loops and corners. The nearest point moves to where the
 * line is cut most, again and again, as long as that helps.
 * @param {Line} line
 * @param {number} count points to return
 * @returns {Line}
 */
export function resampledWithCorners(line, count) {
  const along = lengthsAlong(line);
  const length = along[along.length - 1];
  if (length < FINE) return resampled(line, count);
  const fine = linspace(0, length, 6 * count);
  const exact = pointsAt(line, along, fine);
  const density = curvature(line, along, fine).map((turn) => {
    return 1 + CLOSER * Math.sqrt(Math.max(turn - STEPS, 0));
  });
  const share = new Float64Array(fine.length);
  for (let k = 1; k < share.length; k++) {
    share[k] = share[k - 1] + (density[k] + density[k - 1]) / 2;
  }
  let places = linspace(0, share[share.length - 1], count);
  places = places.map((place) => interpolate(place, share, fine));
  let points = pointsAt(line, along, places);
  let { nearest, cut } = cuts(points, places, exact, fine);
  const moved = new Uint8Array(count);
  moved[0] = moved[count - 1] = 1;
  for (let round = 0; round < CORNERS; round++) {
    const worst = argmost(cut.map((miss, k) => (moved[nearest[k]] ? 0 : miss)));
    if (moved[nearest[worst]] || cut[worst] < FINE) break;
    const changed = places.slice();
    changed[nearest[worst]] = fine[worst];
    moved[nearest[worst]] = 1;
    const closer = pointsAt(line, along, changed);
    const option = cuts(closer, changed, exact, fine);
    if (Math.max(...option.cut) < Math.max(...cut)) {
      [places, points] = [changed, closer];
      ({ nearest, cut } = option);
    }
  }
  return points;
}

/** The turn of a line in radians at places, for each unit of its length. */
function curvature(line, along, places) {
  const [here, before, after] = [0, -SPAN / 2, SPAN / 2].map((shift) => {
    return pointsAt(line, along, places.map((place) => place + shift));
  });
  return places.map((_, k) => {
    const [x, y] = [here[2 * k] - before[2 * k], here[2 * k + 1] - before[2 * k + 1]];
    const [u, v] = [after[2 * k] - here[2 * k], after[2 * k + 1] - here[2 * k + 1]];
    // At an end nothing turns: 0 added to -0 is 0.
    return Math.abs(Math.atan2(x * v - y * u, 0 + x * u + y * v)) / (SPAN / 2);
  });
}

/** For each exact point: the nearest point, and how far the line misses it. */
function cuts(points, places, exact, fine) {
  const nearest = new Int32Array(fine.length);
  const cut = fine.map((place, k) => {
    const before = Math.min(Math.max(lastNotAbove(places, place), 0), places.length - 2);
    const [start, end] = [pointOf(points, before), pointOf(points, before + 1)];
    const [x, y] = [end[0] - start[0], end[1] - start[1]];
    const [u, v] = [exact[2 * k] - start[0], exact[2 * k + 1] - start[1]];
    let share = (u * x + v * y) / Math.max(x * x + y * y, 1e-12);
    share = Math.min(Math.max(share, 0), 1);
    nearest[k] = before + (place - places[before] > places[before + 1] - place ? 1 : 0);
    return hypot(u - share * x, v - share * y);
  });
  return { nearest, cut };
}

/**
 * One line of legs that follow each other; the points where they meet are kept.
 * @param {{line: Line, down: boolean}[]} legs at most `count` - 1 of them have a length
 * @param {number} count points of the line
 * @returns {{points: Line, down: Uint8Array}} where a leg with ink meets one without,
 *   the pen is down.
 */
export function joinedLegs(legs, count) {
  const down = new Uint8Array(count);
  const measured = legs
    .map((leg) => ({ ...leg, length: lengthOf(leg.line) }))
    .filter((leg) => leg.length > 1e-6);
  if (!measured.length) {
    return { points: joined(Array(count).fill(legs[0].line.subarray(0, 2))), down };
  }
  const whole = measured.reduce((sum, leg) => sum + leg.length, 0);
  const parts = measured.map(({ length }) => {
    return Math.max(1, Math.floor((length / whole) * (count - 1)));
  });
  let sum = parts.reduce((a, b) => a + b);
  for (; sum > count - 1; sum--) parts[argmost(parts)]--;
  for (; sum < count - 1; sum++) {
    parts[argmost(parts.map((part, k) => measured[k].length / part))]++;
  }
  const points = [measured[0].line.subarray(0, 2)];
  let at = 0;
  measured.forEach((leg, k) => {
    points.push(resampled(leg.line, parts[k] + 1).subarray(2));
    if (leg.down) down.fill(1, at, at + parts[k] + 1);
    at += parts[k];
  });
  return { points: joined(points), down };
}
