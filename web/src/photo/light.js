/** Even light, polarity and contrast: ink becomes black and paper white. */

import { InputError } from "./errors.js";
import { closing } from "./filters.js";
import { edgePixels, histogram, maskOf, otsu, shareOf } from "./ink.js";
import { clip, mean, roundEven } from "./numbers.js";
import { CUBIC, resized } from "./resize.js";
import { solved } from "./solve.js";

/** @typedef {import("./ink.js").Grid} Grid */

// Below this distance between ink and paper, in grey levels, an image is blank.
export const LEAST_CONTRAST = 24;
// Blocks a side in which the brightness of the paper is looked for.
const BLOCKS = 8;
// Paper is uneven from this many greys on, and so many times the step from a pixel to
// the next. Darker than this share, it may be ink.
const [UNEVEN, NOISE, DARKEST_PAPER] = [10, 1.5, 0.3];
// The greatest distance of the paper's brightness from a parabola, as a share of its
// range: up to the first it is one, and beyond the second nothing is done.
const [SMOOTH, DIPS] = [0.1, 0.4];
// How deep a frame may lie, as a share of the side.
const FRAME_DEPTH = 0.16;
// Shares of a ring around the middle that is paper, or that is not.
const [FEW, MOST] = [0.25, 0.95];
// What dark paper covers at least. Bold print that is cropped to its ink covers less.
const DARK = 0.8;

/**
 * An image whose paper has one brightness, ink on it of either polarity.
 * @param {Grid} image greys
 * @returns {Grid} the image itself if its paper is even.
 */
export function evenLight(image) {
  if (Math.min(image.width, image.height) < 2 * BLOCKS) return image;
  const { low, high } = blockPercentiles(image);
  if (Math.min(range(low.data), range(high.data)) < UNEVEN) return image;
  // Strokes cover some of the blocks; paper is smooth.
  if (roughness(low) >= roughness(high)) return divided(image, high);
  return inverse(divided(inverse(image), inverse(low)));
}

/**
 * Inverts white ink on black and stretches the contrast, so that paper is 255.
 * @param {Grid} image greys
 * @param {string|import("../refusals.js").Refusal} name of the image in an error
 * @param {boolean} [frames] whether lines along the edges may be a frame, not paper
 * @returns {Grid}
 * @throws {InputError} there is too little contrast.
 */
export function blackOnWhite(image, name, frames = false) {
  const blank = new InputError("blank", { name });
  if (range(image.data) < LEAST_CONTRAST) throw blank;
  const threshold = otsu(image.data);
  const dark = maskOf(image, (grey) => grey <= threshold);
  // Even bold ink rarely touches most of the edges.
  let inverted = mean(edgePixels(dark)) > 0.5;
  if (inverted !== mean(dark.data) > 0.5 && frames) {
    inverted = invertedInFrame(dark, inverted);
  }
  if (inverted) image = inverse(image);
  const counts = histogram(image.data);
  const darkest = inverted ? 255 - threshold : threshold + 1;
  const paper = shareOf(counts.fill(0, 0, darkest), 50);
  const black = shareOf(histogram(image.data).fill(0, darkest), 20);
  if (paper - black < LEAST_CONTRAST) throw blank;
  const scale = 255 / (paper - black);
  return changed(image, (grey) => roundEven(clip((grey - black) * scale, 0, 255)));
}

/** Whether paper is dark, although or as the edges are: those may be a frame. */
function invertedInFrame(dark, inverted) {
  const { width, height } = dark;
  const reach = Math.trunc(FRAME_DEPTH * Math.min(width, height));
  const rings = [];
  for (let k = 1; k < reach; k++) {
    let sum = 0;
    for (let x = k; x < width - k; x++) {
      sum += dark.data[k * width + x] + dark.data[(height - 1 - k) * width + x];
    }
    for (let y = k; y < height - k; y++) {
      sum += dark.data[y * width + k] + dark.data[y * width + width - 1 - k];
    }
    rings.push(sum / (2 * (width + height - 4 * k)));
  }
  if (inverted && rings.length && Math.min(...rings) < FEW) return false;
  const most = rings.length ? Math.max(...rings) : 0;
  return inverted || (mean(dark.data) > DARK && most > MOST);
}

/**
 * @param {Grid} image
 * @param {(grey: number) => number} change to each of the 256 greys
 * @returns {Grid}
 */
function changed({ data, width, height }, change) {
  const table = Uint8Array.from({ length: 256 }, (_, grey) => change(grey));
  return { data: data.map((grey) => table[grey]), width, height };
}

/** @param {Grid} image of greys, or of numbers up to 255 */
export function inverse({ data, width, height }) {
  return { data: data.map((grey) => 255 - grey), width, height };
}

/** @param {ArrayLike<number>} data */
function range(data) {
  let [low, high] = [Infinity, -Infinity];
  for (let k = 0; k < data.length; k++) {
    if (data[k] < low) low = data[k];
    if (data[k] > high) high = data[k];
  }
  return high - low;
}

/** The 10th and the 90th percentile of each block, as fields of blocks. */
function blockPercentiles({ data, width, height }) {
  // Large images have more pixels than it takes.
  const step = Math.max(1, Math.floor(Math.min(width, height) / 96));
  const [across, down] = [Math.ceil(width / step), Math.ceil(height / step)];
  const [columns, rows] = [Math.floor(across / BLOCKS), Math.floor(down / BLOCKS)];
  const [left, top] = [Math.floor((across % BLOCKS) / 2), Math.floor((down % BLOCKS) / 2)];
  const last = rows * columns - 1;
  const [low, high] = [new Float64Array(BLOCKS ** 2), new Float64Array(BLOCKS ** 2)];
  for (let block = 0; block < BLOCKS ** 2; block++) {
    const firstRow = top + Math.floor(block / BLOCKS) * rows;
    const firstColumn = left + (block % BLOCKS) * columns;
    const greys = new Uint8Array(rows * columns);
    for (let k = 0; k < greys.length; k++) {
      const row = firstRow + Math.floor(k / columns);
      greys[k] = data[row * step * width + (firstColumn + (k % columns)) * step];
    }
    greys.sort();
    low[block] = greys[roundEven(0.1 * last)];
    high[block] = greys[roundEven(0.9 * last)];
  }
  const size = { width: BLOCKS, height: BLOCKS };
  return { low: { data: low, ...size }, high: { data: high, ...size } };
}

/** What a parabola leaves of a field, on average. */
function roughness(field) {
  const smooth = parabola(field);
  return mean(field.data.map((value, k) => Math.abs(value - smooth[k])));
}

/** The terms of a parabola at a place of the unit square. */
const terms = (x, y) => [1, x, y, x * x, y * y, x * y];

/** The parabola that fits a field of blocks best, at the pixels of a size. */
function parabola(field, width = BLOCKS, height = BLOCKS) {
  const matrix = Array.from({ length: 6 }, () => new Float64Array(7));
  for (let k = 0; k < field.data.length; k++) {
    const [x, y] = [(k % BLOCKS) + 0.5, Math.floor(k / BLOCKS) + 0.5];
    const row = terms(x / BLOCKS - 0.5, y / BLOCKS - 0.5);
    row.forEach((a, i) => {
      row.forEach((b, j) => (matrix[i][j] += a * b));
      matrix[i][6] += a * field.data[k];
    });
  }
  const factors = solved(matrix).map((row) => row[0]);
  const values = new Float64Array(width * height);
  for (let row = 0, k = 0; row < height; row++) {
    for (let column = 0; column < width; column++, k++) {
      const all = terms((column + 0.5) / width - 0.5, (row + 0.5) / height - 0.5);
      for (let term = 0; term < 6; term++) values[k] += factors[term] * all[term];
    }
  }
  return values;
}

/** An image divided by its paper, which is looked for between blocks of ink. */
function divided(image, paper) {
  const { data, width, height } = image;
  paper = closing(paper, 3);
  const lightest = Math.max(...paper.data);
  const darkest = Math.min(...paper.data);
  const least = UNEVEN + NOISE * usualStep(image);
  if (lightest - darkest < least || darkest < DARKEST_PAPER * lightest) return image;
  // Dense, bold ink leaves dips.
  const smooth = parabola(paper);
  const dips = Math.max(...paper.data.map((value, k) => Math.abs(value - smooth[k])));
  if (dips > DIPS * (lightest - darkest)) return image;
  let field;
  if (dips <= SMOOTH * (lightest - darkest)) {
    // It goes on to the edges, where blocks do not show how.
    const least = DARKEST_PAPER * lightest;
    field = parabola(paper, width, height).map((value) => Math.max(value, least));
  } else {
    const small = { ...paper, data: Float32Array.from(paper.data) };
    field = resized(small, width, height, CUBIC).data;
  }
  const even = data.map((grey, k) => clip(roundEven(grey * (lightest / field[k])), 0, 255));
  return { data: even, width, height };
}

/** The median step from a pixel to the next, in every other row. */
function usualStep({ data, width, height }) {
  const counts = new Float64Array(256);
  for (let y = 0; y < height; y += 2) {
    for (let k = y * width + 1; k < (y + 1) * width; k++) {
      counts[Math.abs(data[k] - data[k - 1])]++;
    }
  }
  return shareOf(counts, 50);
}
