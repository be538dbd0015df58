/** Maps between planes, and the greys at places between pixels. */

import { solved } from "./solve.js";

/** @typedef {import("./ink.js").Grid} Grid */
/** @typedef {number[]} Projection the nine numbers of a projective map, the last 1 */

/**
 * The projective map that takes four points to four others.
 * @param {number[][]} from four pairs
 * @param {number[][]} to four pairs
 * @returns {Projection}
 */
export function projection(from, to) {
  const rows = from.flatMap(([x, y], k) => {
    const [u, v] = to[k];
    return [
      Float64Array.of(x, y, 1, 0, 0, 0, -u * x, -u * y, u),
      Float64Array.of(0, 0, 0, x, y, 1, -v * x, -v * y, v),
    ];
  });
  return [...solved(rows).map((row) => row[0]), 1];
}

/**
 * @param {Projection} map
 * @param {number} x
 * @param {number} y
 * @returns {[number, number]}
 */
export function projected([a, b, c, d, e, f, g, h, i], x, y) {
  const depth = g * x + h * y + i;
  return [(a * x + b * y + c) / depth, (d * x + e * y + f) / depth];
}

/**
 * The grey at a place, between the four pixels around it; the edges go on.
 * @param {Grid} grid
 * @param {number} x of which whole numbers are the middles of pixels
 * @param {number} y
 * @returns {number}
 */
export function greyAt({ data, width, height }, x, y) {
  x = x < 0 ? 0 : x > width - 1 ? width - 1 : x;
  y = y < 0 ? 0 : y > height - 1 ? height - 1 : y;
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const right = left + 1 < width ? 1 : 0;
  const below = top + 1 < height ? width : 0;
  const [s, t] = [x - left, y - top];
  const k = top * width + left;
  return (
    (1 - t) * ((1 - s) * data[k] + s * data[k + right]) +
    t * ((1 - s) * data[k + below] + s * data[k + below + right])
  );
}
