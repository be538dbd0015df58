/** The skeleton of ink: the pixels in the middle of lines, as a graph. */

import { distances } from "./filters.js";
import { maskOf, otsu, padded, pieces } from "./ink.js";
import { hypot, linspace } from "./numbers.js";
import { thinned } from "./thin.js";

/** @typedef {import("./ink.js").Grid} Grid */

// Steps from a pixel to its neighbours: down, right.
const STEPS = [
  [-1, -1],
  [-1, 0],
  [-1, 1],
  [0, -1],
  [0, 1],
  [1, -1],
  [1, 0],
  [1, 1],
];
// Pieces of ink, and holes in it, of fewer pixels are dirt.
const [SPECK, HOLE] = [7, 5];
// A branch that ends is a spur of thick ink, not a line, if it is shorter than so many
// radii of the ink where it begins, or than so many pixels.
const [SPUR_RADII, SPUR_PIXELS] = [1.3, 2];
// Directions are those of the pixels so far around.
const REACH = 3;
// Lines are measured across by so many samples, from so many pixels beyond the ink on.
const [SAMPLES, BEYOND] = [33, 2];
// A line is measured where it has a direction, and has paper (this share of ink, or
// less) on both sides; at as many places as these, at least.
const [STRAIGHT, PAPER, PLACES] = [0.5, 0.1, 8];
// What the depth of a line's middle has beyond half the width on average, in pixels: it
// counts to the middle of the first pixel of paper, and the middle is that of a pixel.
const TOO_DEEP = 0.25;
// Half the width of the thinnest line, in pixels.
const THINNEST = 0.25;

/**
 * Lengths and places are shares of the image's side; pairs lie flat, x before y.
 * @typedef {object} Skeleton
 * @property {number} side of the image in pixels
 * @property {number} count n of its points
 * @property {Float64Array} points the middles of its pixels (2 n)
 * @property {Float64Array} radii half the width of the ink there (n)
 * @property {Int32Array} neighbours adjacent points (8 n), else -1
 * @property {Float64Array} directions cosine and sine of twice the angle of the line
 *   (2 n); shorter where lines meet
 * @property {Float64Array} distances of each pixel from the skeleton
 */

/**
 * @param {Uint8Array} greys side x side, black on white
 * @param {number} side
 * @returns {Skeleton}
 */
export function skeletonOf(greys, side) {
  const threshold = otsu(greys);
  const image = { data: greys, width: side, height: side };
  const ink = withoutDirt(maskOf(image, (grey) => grey <= threshold));
  const paper = maskOf(padded(ink, 1), (is) => !is);
  const deep = distances(paper);
  const depth = (k) => deep[k + side + 3 + 2 * Math.floor(k / side)];
  const mask = withoutSpurs(thinned(ink), depth);
  const pixels = [];
  mask.data.forEach((is, k) => is && pixels.push(k));
  const index = new Map(pixels.map((k, n) => [k, n]));
  const points = new Float64Array(2 * pixels.length);
  const neighbours = new Int32Array(8 * pixels.length);
  pixels.forEach((k, n) => {
    points[2 * n] = ((k % side) + 0.5) / side;
    points[2 * n + 1] = (Math.floor(k / side) + 0.5) / side;
    around(k, side).forEach((near, step) => {
      neighbours[8 * n + step] = index.get(near) ?? -1;
    });
  });
  const directions = directionsOf(mask, pixels);
  const lines = { pixels, depths: pixels.map(depth), directions, neighbours };
  const beyond = tooDeep(greys, side, lines);
  return {
    side,
    count: pixels.length,
    points,
    radii: Float64Array.from(lines.depths, (deep) => {
      return Math.max(deep - beyond, THINNEST) / side;
    }),
    neighbours,
    directions,
    distances: distances(mask).map((far) => far / side),
  };
}

/**
 * The nearest of points.
 * @param {Float64Array} points flat
 * @param {number} x
 * @param {number} y
 * @returns {{far: number, index: number}}
 */
export function nearest(points, x, y) {
  let [best, index] = [Infinity, -1];
  for (let k = 0; k < points.length; k += 2) {
    const squared = (points[k] - x) ** 2 + (points[k + 1] - y) ** 2;
    if (squared < best) [best, index] = [squared, k / 2];
  }
  return { far: Math.sqrt(best), index };
}

/** The places around a pixel of a square, -1 beyond its edges. */
function around(k, side) {
  const [row, column] = [Math.floor(k / side), k % side];
  return STEPS.map(([down, right]) => {
    const [y, x] = [row + down, column + right];
    return y < 0 || x < 0 || y >= side || x >= side ? -1 : y * side + x;
  });
}

/** Ink without dirt and without holes that are dirt. */
function withoutDirt(ink) {
  const { labels, areas } = pieces(ink);
  if (Math.max(...areas) >= SPECK) {
    ink = { ...ink, data: ink.data.map((_, k) => areas[labels[k]] >= SPECK) };
  }
  const holes = pieces(maskOf(ink, (is) => !is));
  const filled = ink.data.map((is, k) => {
    const area = holes.areas[holes.labels[k]];
    return is || (area < HOLE && area > 0);
  });
  return { ...ink, data: filled };
}

/** A skeleton without the branches that thinning leaves in thick ink. */
function withoutSpurs(mask, depth) {
  const side = mask.width;
  for (let round = 0; round < 2; round++) {
    const spurs = [];
    mask.data.forEach((is, k) => {
      const isInk = (near) => near >= 0 && mask.data[near];
      if (is && around(k, side).filter(isInk).length === 1) {
        spurs.push(...spur(mask.data, k, side, depth));
      }
    });
    if (!spurs.length) break;
    const data = mask.data.slice();
    for (const k of spurs) data[k] = 0;
    mask = thinned({ ...mask, data });
  }
  return mask;
}

/** The pixels from an end to the junction, if that is near; else none. */
function spur(data, end, side, depth) {
  const path = [end];
  const seen = new Set(path);
  for (;;) {
    const last = path[path.length - 1];
    const onward = around(last, side).filter((k) => k >= 0 && data[k] && !seen.has(k));
    if (onward.length === 1) {
      path.push(onward[0]);
      seen.add(onward[0]);
      continue;
    }
    const longest = Math.max(SPUR_PIXELS, SPUR_RADII * depth(last));
    return onward.length && path.length - 1 <= longest ? path.slice(0, -1) : [];
  }
}

/** The direction of the line at each pixel, as twice its angle. */
function directionsOf({ data, width, height }, pixels) {
  const directions = new Float64Array(2 * pixels.length);
  pixels.forEach((k, n) => {
    const [row, column] = [Math.floor(k / width), k % width];
    let [cosine, sine] = [0, 0];
    for (let down = -REACH; down <= REACH; down++) {
      for (let right = -REACH; right <= REACH; right++) {
        const [y, x] = [row + down, column + right];
        if (y < 0 || x < 0 || y >= height || x >= width || !data[y * width + x]) continue;
        cosine += right * right - down * down;
        sine += 2 * right * down;
      }
    }
    // Twelve is what two pixels of a line, at a distance of two and more, add up to.
    const size = Math.max(hypot(cosine, sine), 12);
    directions[2 * n] = cosine / size;
    directions[2 * n + 1] = sine / size;
  });
  return directions;
}

/**
 * By how many pixels the depth is more than half the width of the lines.
 *
 * A line is as wide as there is ink across it. Greys tell this more exactly than the
 * pixels of the mask do, in which a thin line is one or two pixels wide.
 */
function tooDeep(greys, side, { pixels, depths, directions, neighbours }) {
  const steps = linspace(-1, 1, SAMPLES);
  const found = [];
  pixels.forEach((k, n) => {
    const [cosine, sine] = directions.subarray(2 * n, 2 * n + 2);
    const near = neighbours.subarray(8 * n, 8 * n + 8).filter((other) => other >= 0);
    if (near.length !== 2 || hypot(cosine, sine) < STRAIGHT) return;
    const angle = Math.atan2(sine, cosine) / 2;
    const reach = depths[n] + BEYOND;
    const ink = Array.from(steps, (step) => {
      const x = (k % side) - Math.sin(angle) * step * reach;
      return inkAt(greys, side, x, Math.floor(k / side) + Math.cos(angle) * step * reach);
    });
    if (Math.max(ink[0], ink[SAMPLES - 1]) > PAPER) return;
    const width = (2 * reach * ink.reduce((sum, value) => sum + value)) / (SAMPLES - 1);
    found.push(depths[n] - width / 2);
  });
  if (found.length < PLACES) return TOO_DEEP;
  return found.reduce((sum, value) => sum + value) / found.length;
}

/** Ink (0 to 1) between the middles of pixels; none beyond them. */
function inkAt(greys, side, x, y) {
  if (x < 0 || y < 0 || x > side - 1 || y > side - 1) return 0;
  const [left, top] = [Math.min(Math.floor(x), side - 2), Math.min(Math.floor(y), side - 2)];
  const [right, down] = [x - left, y - top];
  const row = (k) => greys[k] * (1 - right) + greys[k + 1] * right;
  const first = top * side + left;
  return 1 - (row(first) * (1 - down) + row(first + side) * down) / 255;
}
