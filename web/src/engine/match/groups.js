/**
 * Groups: strokes of a template and of a sample that are the same writing.
 *
 * @typedef {[number, boolean]} Part
 *   a stroke in a line: its index, and whether it is run through backwards
 * @typedef {{template: Part[], sample: Part[], distance: number}} Group
 *   distance: mean distance of the points of the two lines
 */

import { solved } from "../../photo/solve.js";
import { concatenated, meanDistance, resample, reversed } from "../curves.js";

/** Points of a line that is compared. */
export const POINTS = 24;

/** @returns {Group} with its distance measured */
export function groupOf(template, sample, parts, otherParts) {
  const distance = meanDistance(lineOf(template, parts), lineOf(sample, otherParts));
  return { template: parts, sample: otherParts, distance };
}

/** The strokes of a line, each in the direction of the line. */
export function runs(strokes, parts) {
  return parts.map(([i, reverse]) => (reverse ? reversed(strokes[i]) : strokes[i]));
}

/** Strokes one after the other, and the pen's ways between, as evenly spaced points. */
export function lineOf(strokes, parts) {
  return resample(concatenated(runs(strokes, parts)), POINTS);
}

/** `lineOf` of many chains, of strokes that are resampled first. */
export function linesOf(strokes, chains) {
  const evenly = strokes.map((stroke) => resample(stroke, POINTS));
  const both = evenly.map((stroke) => [stroke, reversed(stroke)]);
  return chains.map((parts) => {
    const line = new Float64Array(2 * POINTS * parts.length);
    parts.forEach(([i, reverse], k) => line.set(both[i][Number(reverse)], 2 * POINTS * k));
    return resample(line, POINTS);
  });
}

/** Points of the lines of groups: the template's, and the sample's. */
export function pairedPoints(template, sample, groups) {
  return [
    concatenated(groups.map((group) => lineOf(template, group.template))),
    concatenated(groups.map((group) => lineOf(sample, group.sample))),
  ];
}

/**
 * The matrix, two rows and a shift, that brings points nearest to targets. A weak prior
 * keeps the map near to none where few strokes say little.
 * @returns {Float64Array[]} 3 rows of 2
 */
export function affineMap(points, targets) {
  const count = points.length / 2;
  const prior = [0.1, 0.1, 0.01].map((weight) => 0.05 * count * weight);
  const system = [0, 1, 2].map((i) => [0, 1, 2].map((j) => (i === j ? prior[i] : 0)));
  const wanted = [[prior[0], 0], [0, prior[1]], [0, 0]];
  for (let p = 0; p < count; p++) {
    const row = [points[2 * p], points[2 * p + 1], 1];
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 3; j++) system[i][j] += row[i] * row[j];
      for (let axis = 0; axis < 2; axis++) wanted[i][axis] += row[i] * targets[2 * p + axis];
    }
  }
  return solved(system.map((row, i) => Float64Array.of(...row, ...wanted[i])));
}

/** A line after an affine map. @returns {Float64Array} */
export function mapped(line, [[a, b], [c, d], [x, y]]) {
  const result = new Float64Array(line.length);
  for (let i = 0; i < line.length; i += 2) {
    result[i] = line[i] * a + line[i + 1] * c + x;
    result[i + 1] = line[i] * b + line[i + 1] * d + y;
  }
  return result;
}
