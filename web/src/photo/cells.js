/** Cleaned images of the cells of a flat page. */

import { cleanImage, placeInSquare } from "./clean.js";
import { gaussian } from "./filters.js";
import { bounds, cropped, maskOf, otsuOfFloats, padded, pieces, total } from "./ink.js";
import { GAP } from "./layout.js";
import { clip, median, roundEven } from "./numbers.js";
import { PIXELS_PER_MM } from "./rectify.js";
import { withStrokeWidth } from "./widths.js";

/** @typedef {import("./ink.js").Grid} Grid */

// Side of the images, their margin, and the mean width of strokes as a share of the
// side: as `prepare_pages` writes them.
export const SIZE = 128;
const [MARGIN, STROKE_WIDTH] = [0.08, 0.06];
// Width of the border around a box that is read with it, mm.
const BORDER = GAP / 2;
// Half the width of the strip in which the printed line of a box is expected, mm.
const LINE_REACH = 0.9;
// Brightness that a piece of ink reaches, and that none of its pixels exceeds.
const [INK, BRIGHTEST_INK] = [0.82, 0.9];
// Standard deviations of the paper's grain between paper and ink.
const GRAINS = 5;
const [SPECK, LEAST_INK] = [0.12, 0.35]; // mm²
// A piece of ink of which less than this share is in the box is a neighbour's.
const OWN = 0.25;
// What keeps its size and place in the box: enlarged, っ would be つ.
const SMALL = /^[ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶㇰ-ㇿ]$|^[\p{P}\p{Sk}\p{Ll}]$/u;

/**
 * Cuts one cell out of a page and cleans its handwriting.
 * @param {Grid} brightness of the page, 1 is paper
 * @param {import("./layout.js").Cell} cell
 * @param {number} box side of a box, mm
 * @returns {Uint8Array|null} SIZE x SIZE greys, 0 ink and 255 paper; null: it is empty.
 */
export function readCell(brightness, cell, box) {
  const [top, left] = [cell.top, cell.left].map((edge) => {
    return roundEven((edge - BORDER) * PIXELS_PER_MM);
  });
  const side = roundEven((box + 2 * BORDER) * PIXELS_PER_MM);
  const crop = cropped(brightness, { top, left, bottom: top + side, right: left + side });
  const frame = {
    start: roundEven(BORDER * PIXELS_PER_MM),
    end: roundEven((BORDER + box) * PIXELS_PER_MM),
  };
  const ink = inkOf(withoutBox(crop, frame), frame);
  if (total(ink.data) < LEAST_INK * PIXELS_PER_MM ** 2) return null;
  return SMALL.test(cell.character) ? drawnInPlace(ink, frame) : drawn(ink);
}

/** Draws ink so that it fills a square. */
function drawn(ink) {
  const { top, bottom, left, right } = bounds(ink);
  const scale = (SIZE * (1 - 2 * MARGIN)) / Math.max(bottom - top, right - left);
  const { data, width, height } = withStrokeWidth(ink, (STROKE_WIDTH * SIZE) / scale);
  return cleanImage(data, width, height, { size: SIZE, margin: MARGIN, repair: false });
}

/** Draws ink so that its box fills a square. */
function drawnInPlace(ink, { start, end }) {
  const scale = (SIZE * (1 - 2 * MARGIN)) / (end - start);
  const drawing = withStrokeWidth(ink, (STROKE_WIDTH * SIZE) / scale);
  const { top, bottom, left, right } = bounds(ink);
  // Ink outside of the box enlarges the frame by the same length on all sides.
  const beyond = Math.max(0, start - top, bottom - end, start - left, right - end);
  const last = end + 2 * beyond;
  const whole = padded(drawing, beyond, 255);
  const boxed = cropped(whole, { top: start, bottom: last, left: start, right: last });
  return placeInSquare(boxed, SIZE, MARGIN).data;
}

/**
 * Divides a cell by the printed lines of its box, and smooths its grain.
 *
 * Print darkens ink and paper by the same factor. The median along a line is that of the
 * print if ink covers less than half of the line.
 */
function withoutBox(crop, { start, end }) {
  const clean = gaussian(crop, 0.8);
  const { data, width } = clean;
  const reach = roundEven(LINE_REACH * PIXELS_PER_MM);
  for (const [line, next] of [
    [width, 1],
    [1, width],
  ]) {
    for (const edge of [start, end]) {
      for (let k = edge - reach; k <= edge + reach; k++) {
        const strip = [];
        for (let i = start; i < end; i++) strip.push(data[k * line + i * next]);
        const darkness = median(strip);
        // A line of ink along the whole edge is no print.
        const factor = darkness < 0.6 ? 1 : Math.min(darkness, 1);
        for (let i = start - reach; i < end + reach; i++) {
          data[k * line + i * next] /= factor;
        }
      }
    }
  }
  return clean;
}

/** The strokes of a cell, without those of its neighbours. */
function inkOf(clean, { start, end }) {
  const bright = Float32Array.from(clean.data, (value) => clip(value, 0, 1.1));
  const middle = median(clean.data);
  const grain = 1.4826 * median(clean.data.map((value) => Math.abs(value - middle)));
  let level = Math.min(otsuOfFloats(bright), BRIGHTEST_INK);
  level = Math.min(level, Math.max(INK, 1 - GRAINS * grain));
  const dark = withoutSpecks(reaching(clean, level, Math.min(level, INK)));
  const { labels, areas } = pieces(dark);
  const inside = new Float64Array(areas.length);
  for (let y = start; y < end; y++) {
    for (let x = start; x < end; x++) inside[labels[y * dark.width + x]]++;
  }
  const own = (k) => inside[labels[k]] >= OWN * areas[labels[k]];
  return { ...dark, data: dark.data.map((is, k) => is && own(k)) };
}

/** Pieces that are darker than one level everywhere, and than another somewhere. */
function reaching(clean, level, darker) {
  const { labels, areas } = pieces(maskOf(clean, (value) => value < level), false);
  const reached = new Uint8Array(areas.length);
  labels.forEach((label, k) => {
    if (label && clean.data[k] < darker) reached[label] = 1;
  });
  return maskOf({ ...clean, data: labels }, (label) => reached[label]);
}

/** The pieces of ink that are not specks. */
function withoutSpecks(dark) {
  const { labels, areas } = pieces(dark);
  const least = Math.max(SPECK * PIXELS_PER_MM ** 2, 0.01 * total(areas));
  return maskOf({ ...dark, data: labels }, (label) => label && areas[label] >= least);
}
