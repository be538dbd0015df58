/** The whole way of the pen for one character, on the paper and above it. */

import { alongEvenly, lengthsOf } from "./curves.js";

const SMALL_KANA = /^[ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶ\u31f0-\u31ff]$/u;
const KEEPS_PLACE = /^[\p{P}\p{Sk}\p{Ll}]$/u;
const MARGIN = 0.08;
// Coordinates further outside the box are a mistake.
const FARTHEST = 4;
// Stands for the radius of a lifted pen, so that what is near to it is lifted, too.
const LIFTED = -10;

/**
 * Whether size and place in the box are part of the character: of small kana,
 * punctuation and lower-case letters.
 */
export function keepsPlace(character) {
  return SMALL_KANA.test(character) || KEEPS_PLACE.test(character);
}

/**
 * A character of n strokes has 2n - 1 lines: line 0 is the first stroke, line 1 the way
 * from its end to the start of the second, and so on, each of as many points.
 */
export class Track {
  /**
   * @param {string} character
   * @param {ArrayLike<number>} points  x and y of all points of all lines
   * @param {ArrayLike<number>} radii  half the width, 0 or less: the pen is lifted
   * @param {number} each  points of a line
   */
  constructor(character, points, radii, each) {
    this.character = character;
    this.points = Float32Array.from(points);
    this.radii = Float32Array.from(radii);
    this.each = each;
    const lines = this.radii.length / each;
    if (this.points.length !== 2 * this.radii.length || lines % 2 !== 1 || each < 2) {
      throw new Error(`The track of ${character} has lines of unequal lengths.`);
    }
    // NaN is not less than a number, either.
    const near = (number) => Math.abs(number) < FARTHEST;
    if (!this.points.every(near) || !this.radii.every(near)) {
      throw new Error(`The track of ${character} leaves its box by far.`);
    }
  }

  /**
   * Puts strokes and ways in turn.
   * @param {string} character
   * @param {ArrayLike<number>[]} strokes
   * @param {ArrayLike<number>[]} radii
   * @param {Map<number, Float64Array>} ways  those with ink; others are straight lines
   * @param {number} wayRadius  of the ways with ink
   */
  static ofStrokes(character, strokes, radii, ways = new Map(), wayRadius = 0) {
    const each = radii[0].length;
    const lines = 2 * strokes.length - 1;
    const points = new Float64Array(2 * lines * each);
    const along = new Float64Array(lines * each);
    strokes.forEach((stroke, i) => {
      points.set(stroke, 4 * i * each);
      along.set(radii[i], 2 * i * each);
      if (i + 1 === strokes.length) return;
      const way = ways.get(i) ?? straight(stroke, strokes[i + 1], each);
      points.set(way, (4 * i + 2) * each);
      if (ways.has(i)) along.fill(wayRadius, (2 * i + 1) * each, (2 * i + 2) * each);
    });
    return new Track(character, points, along, each);
  }

  /** How many lines there are. */
  get lines() {
    return this.radii.length / this.each;
  }

  /** How many strokes there are. */
  get n() {
    return (this.lines + 1) / 2;
  }

  /** The points of the strokes alone. @returns {Float32Array} */
  strokePoints() {
    const size = 2 * this.each;
    const result = new Float32Array(this.n * size);
    for (let i = 0; i < this.n; i++) {
      result.set(this.points.subarray(2 * i * size, (2 * i + 1) * size), i * size);
    }
    return result;
  }

  /** The same lines with `count` points each. */
  resampled(count) {
    const points = new Float64Array(2 * this.lines * count);
    const radii = new Float64Array(this.lines * count);
    for (let line = 0; line < this.lines; line++) {
      const first = line * this.each;
      const own = this.points.subarray(2 * first, 2 * (first + this.each));
      const down = (i) => (this.radii[first + i] > 0 ? this.radii[first + i] : LIFTED);
      alongEvenly(lengthsOf(own), count, (segment, share, i) => {
        const to = line * count + i;
        for (let axis = 0; axis < 2; axis++) {
          const [start, end] = [own[2 * segment + axis], own[2 * segment + 2 + axis]];
          points[2 * to + axis] = (1 - share) * start + share * end;
        }
        const radius = (1 - share) * down(segment) + share * down(segment + 1);
        radii[to] = Math.max(radius, 0);
      });
    }
    return new Track(this.character, points, radii, count);
  }

  /** The track moved and scaled so that its ink fills the box, as images do. */
  filling(margin = MARGIN) {
    const place = placement(this.character, [this], margin);
    return place ? this.#scaled(place) : this;
  }

  /** The track in its box: `filling` of it gives what this one is. */
  inBox(margin = MARGIN) {
    if (!keepsPlace(this.character)) return this.filling(margin);
    return this.#scaled({ centre: [0.5, 0.5], scale: 1 / (1 - 2 * margin) });
  }

  #scaled({ centre, scale }) {
    const move = (value, i) => (value - centre[i % 2]) * scale + 0.5;
    const points = Float64Array.from(this.points, move);
    const radii = Float64Array.from(this.radii, (radius) => radius * scale);
    return new Track(this.character, points, radii, this.each);
  }

  /** Its lines one by one. @returns {import("./client.js").Line[]} */
  asLines() {
    return Array.from({ length: this.lines }, (_, i) => ({
      points: this.points.slice(2 * i * this.each, 2 * (i + 1) * this.each),
      radii: this.radii.slice(i * this.each, (i + 1) * this.each),
    }));
  }
}

/**
 * The centre and the scale that make ink fill the box.
 * @param {string} character  small kana, punctuation and lower-case letters keep their
 *   place
 * @param {import("./client.js").Line[]} lines
 * @param {number} [margin]  empty border on each side as a share of the side
 * @returns {{centre: number[], scale: number} | null}  null: there is no ink
 */
export function placement(character, lines, margin = MARGIN) {
  const [low, high] = inkBox(lines);
  if (low[0] === Infinity) return null;
  for (let axis = 0; axis < 2 && keepsPlace(character); axis++) {
    low[axis] = Math.min(low[axis], 0);
    high[axis] = Math.max(high[axis], 1);
  }
  const centre = [0, 1].map((axis) => (low[axis] + high[axis]) / 2);
  return { centre, scale: (1 - 2 * margin) / Math.max(high[0] - low[0], high[1] - low[1]) };
}

/**
 * The least and the largest x and y of ink; infinite if there is none.
 * @param {{points: ArrayLike<number>, radii: Float32Array}[]} lines
 */
export function inkBox(lines) {
  const [low, high] = [[Infinity, Infinity], [-Infinity, -Infinity]];
  for (const { points, radii } of lines) {
    radii.forEach((radius, i) => {
      if (!(radius > 0)) return;
      for (let axis = 0; axis < 2; axis++) {
        low[axis] = Math.min(low[axis], points[2 * i + axis] - radius);
        high[axis] = Math.max(high[axis], points[2 * i + axis] + radius);
      }
    });
  }
  return [low, high];
}

function straight(from, to, each) {
  const way = new Float64Array(2 * each);
  for (let i = 0; i < each; i++) {
    const t = i / (each - 1);
    for (let axis = 0; axis < 2; axis++) {
      way[2 * i + axis] = (1 - t) * from[2 * each - 2 + axis] + t * to[axis];
    }
  }
  return way;
}
