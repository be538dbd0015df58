/** How much alike points of strokes move. */

import { pointOf } from "./lines.js";
import { linspace } from "./numbers.js";

// Standard deviations of the displacement: of the whole plane as an affine map; of
// regions of the plane, by their radius; of a stroke; of parts of a stroke, by their
// share of it.
const [AFFINE, STROKE] = [0.1, 0.035];
const REGIONS = [
  [0.08, 0.3],
  [0.03, 0.12],
];
const PARTS = [
  [0.035, 0.5],
  [0.012, 0.18],
];

/**
 * Covariances of the displacements of points of `count` strokes each, row by row.
 * @param {Float64Array} first points, flat
 * @param {Float64Array} second
 * @param {number} count
 * @returns {Float64Array}
 */
export function covariances(first, second, count) {
  const [rows, columns] = [first.length / 2, second.length / 2];
  const [eachRow, eachColumn] = [rows / count, columns / count];
  const [down, across] = [linspace(0, 1, eachRow), linspace(0, 1, eachColumn)];
  const result = new Float64Array(rows * columns);
  for (let i = 0, k = 0; i < rows; i++) {
    const [x, y] = pointOf(first, i);
    for (let j = 0; j < columns; j++, k++) {
      const [u, v] = [second[2 * j], second[2 * j + 1]];
      const squared = (x - u) ** 2 + (y - v) ** 2;
      const product = (x - 0.5) * (u - 0.5) + (y - 0.5) * (v - 0.5);
      let value = AFFINE ** 2 * (1 + 4 * product);
      for (const [size, radius] of REGIONS) {
        value += size ** 2 * Math.exp(-squared / (2 * radius ** 2));
      }
      if (Math.floor(i / eachRow) === Math.floor(j / eachColumn)) {
        const apart = (down[i % eachRow] - across[j % eachColumn]) ** 2;
        value += STROKE ** 2;
        for (const [size, part] of PARTS) {
          value += size ** 2 * Math.exp(-apart / (2 * part ** 2));
        }
      }
      result[k] = value;
    }
  }
  return result;
}
