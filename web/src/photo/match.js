/**
 * Snaps strokes to the pixels of a skeleton, as map matching snaps a car to roads.
 *
 * Reference: Newson and Krumm, Hidden Markov map matching through noise and sparseness,
 * 2009.
 */

import { doubledDirections } from "./deform.js";
import { denseLine, lengthOf, resampled, smoothed } from "./lines.js";
import { argmost, clip, hypot, roundEven } from "./numbers.js";

/** @typedef {import("./lines.js").Line} Line */
/** @typedef {import("./skeleton.js").Skeleton} Skeleton */

// Lengths are shares of the side of the image.
// Points of a stroke, as many as the longest stroke needs; pixels each may snap to.
const [LEAST_POINTS, MOST_POINTS, SPACING, CANDIDATES] = [36, 100, 0.028, 48];
// A cost of 1: a pixel so far off; a step that differs by half its length and so much.
const [OFF, STEP, LEAST_STEP] = [0.035, 0.5, 0.006];
// No pixel costs more for its distance.
const MOST_OFF = 30;
// A step whose middle lies so far from the skeleton crosses paper; its cost has a bound.
const [BESIDE, MOST_BESIDE] = [0.012, 48];
// A stroke is on other strokes' ink where they are so near; if less of it is its own, it
// was not written. Nearness is counted in cells, of which the side has so many.
const [GRID, SAME, LEAST_OWN] = [100, 2, 0.2];

/**
 * The likeliest course of each stroke through the skeleton's pixels.
 * @param {Line[]} strokes near to where they are in the skeleton
 * @param {Skeleton} skeleton
 * @returns {Line[]} points of the skeleton, a little smoothed.
 */
export function snapped(strokes, skeleton) {
  const longest = Math.max(...strokes.map(lengthOf));
  const points = Math.trunc(clip(longest / SPACING, LEAST_POINTS, MOST_POINTS));
  const beside = skeleton.distances.map((far) => Math.min((far / BESIDE) ** 2, MOST_BESIDE));
  return strokes.map((stroke) => {
    const path = course(resampled(stroke, points), skeleton, beside);
    const line = new Float64Array(2 * points);
    path.forEach((pixel, k) => {
      line[2 * k] = skeleton.points[2 * pixel];
      line[2 * k + 1] = skeleton.points[2 * pixel + 1];
    });
    return smoothed(line, 1);
  });
}

/** The cheapest pixels for the points of one line, in turn. */
function course(line, skeleton, beside) {
  const points = line.length / 2;
  const along = doubledDirections(line);
  const options = Array.from({ length: points }, (_, k) => {
    return candidates(line[2 * k], line[2 * k + 1], along, k, skeleton);
  });
  const count = options[0].pixels.length;
  let cost = options[0].own;
  const before = [new Int32Array(count)];
  for (let k = 1; k < points; k++) {
    const x = line[2 * k] - line[2 * k - 2];
    const y = line[2 * k + 1] - line[2 * k - 1];
    const scale = (STEP * hypot(x, y) + LEAST_STEP) ** 2;
    const { least, from } = cheapest(options[k - 1], options[k], x, y, scale, cost, beside);
    before.push(from);
    cost = least.map((value, j) => value + options[k].own[j]);
  }
  const path = new Int32Array(points);
  let state = argmost(cost, -1);
  for (let k = points - 1; k >= 0; k--) {
    path[k] = options[k].pixels[state];
    state = before[k][state];
  }
  return path;

  /** For each new pixel the cheapest old one, and the cost up to it. */
  function cheapest(old, now, x, y, scale, cost, beside) {
    const { points: places, side } = skeleton;
    const least = new Float64Array(count).fill(Infinity);
    const from = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      const [u, v] = [places[2 * old.pixels[i]], places[2 * old.pixels[i] + 1]];
      for (let j = 0; j < count; j++) {
        const [s, t] = [places[2 * now.pixels[j]], places[2 * now.pixels[j] + 1]];
        const row = Math.trunc((v + t) * (side / 2));
        const column = Math.trunc((u + s) * (side / 2));
        let moving = ((s - u - x) ** 2 + (t - v - y) ** 2) / scale;
        moving += beside[row * side + column] + cost[i];
        if (moving < least[j]) {
          least[j] = moving;
          from[j] = i;
        }
      }
    }
    return { least, from };
  }
}

/** The nearest pixels of a point, and what each costs by itself. */
function candidates(x, y, along, k, { points, directions, count }) {
  const wanted = Math.min(CANDIDATES, count);
  const squared = new Float64Array(count);
  for (let n = 0; n < count; n++) {
    squared[n] = (points[2 * n] - x) ** 2 + (points[2 * n + 1] - y) ** 2;
  }
  const farthest = squared.slice().sort()[wanted - 1];
  const near = [];
  for (let n = 0; n < count; n++) if (squared[n] <= farthest) near.push(n);
  const pixels = near.sort((a, b) => squared[a] - squared[b]).slice(0, wanted);
  const own = Float64Array.from(pixels, (n) => {
    const angle = along[2 * k] * directions[2 * n] + along[2 * k + 1] * directions[2 * n + 1];
    return Math.min(squared[n] / OFF ** 2, MOST_OFF) + 1 - angle;
  });
  return { pixels, own };
}

/**
 * Whether each stroke has ink of its own.
 *
 * Of strokes that lie on each other's ink the one goes that is farthest from where it
 * was expected, until each has ink of its own.
 * @param {Line[]} lines strokes in the skeleton
 * @param {Line[]} expected where they were expected
 * @returns {boolean[]}
 */
export function written(lines, expected) {
  const points = lines[0].length / 2;
  const strayed = lines.map((line, k) => {
    const other = resampled(expected[k], points);
    let sum = 0;
    for (let i = 0; i < line.length; i += 2) {
      sum += hypot(line[i] - other[i], line[i + 1] - other[i + 1]);
    }
    return sum / points;
  });
  const side = GRID + 2 * SAME + 1;
  const cells = lines.map((line) => {
    const fine = denseLine(line, 1 / GRID);
    return Array.from({ length: fine.length / 2 }, (_, k) => {
      const [x, y] = [roundEven(fine[2 * k] * GRID), roundEven(fine[2 * k + 1] * GRID)];
      return (y + SAME) * side + x + SAME;
    });
  });
  const covers = cells.map((line) => covered(line, side));
  const kept = lines.map(() => true);
  while (kept.filter(Boolean).length > 1) {
    const deep = new Int32Array(side * side);
    covers.forEach((cover, k) => {
      if (kept[k]) for (const cell of cover) deep[cell]++;
    });
    const own = cells.map((line) => line.filter((cell) => deep[cell] === 1).length);
    const lost = [...kept.keys()].filter((k) => {
      return kept[k] && own[k] / cells[k].length < LEAST_OWN;
    });
    if (!lost.length) break;
    kept[lost[argmost(lost.map((k) => strayed[k]))]] = false;
  }
  return kept;
}

/** The cells in discs around cells. */
function covered(cells, side) {
  const cover = new Set();
  for (const cell of cells) {
    for (let down = -SAME; down <= SAME; down++) {
      for (let right = -SAME; right <= SAME; right++) {
        if (down * down + right * right <= SAME * SAME) {
          cover.add(cell + down * side + right);
        }
      }
    }
  }
  return cover;
}
