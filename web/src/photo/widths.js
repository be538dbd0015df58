/** Changing the mean width of the strokes of a drawing. */

import { distances, gaussian } from "./filters.js";
import { bounds, cropped, maskOf, padded, total } from "./ink.js";
import { clip, roundEven } from "./numbers.js";
import { thinned } from "./thin.js";

/** @typedef {import("./ink.js").Grid} Grid */

// Largest width as a share of the mean distance between strokes.
const MOST_OF_DISTANCE = 0.28;
// Share of the width that remains where thinning would remove a stroke.
const THINNEST = 0.35;

/**
 * Thickens or thins all strokes by the same amount to a mean width.
 *
 * The hand's pressure is kept: heavy parts of a stroke stay wider than light ones.
 * Dense characters get thinner strokes, as in print, so that strokes do not merge.
 * @param {Grid} mask of ink
 * @param {number} width target mean width in pixels
 * @returns {Grid} greys, antialiased
 */
export function withStrokeWidth(mask, width) {
  const border = Math.ceil(width) + 2;
  const ink = padded(mask, border);
  const skeleton = thinned(ink);
  const length = total(skeleton.data);
  if (!length) return { ...mask, data: new Uint8Array(mask.data.length).fill(255) };
  const inside = distances(maskOf(ink, (is) => !is));
  const { top, bottom, left, right } = bounds(ink);
  const side = Math.max(bottom - top, right - left);
  width = Math.min(width, Math.max(1, MOST_OF_DISTANCE * (side ** 2 / length)));
  let sum = 0;
  for (let k = 0; k < inside.length; k++) if (skeleton.data[k]) sum += inside[k];
  const grow = (width - ((2 * sum) / length - 1)) / 2;
  // Distance beyond the ink's edge, which lies half a pixel from the outer pixels.
  const outside = distances(ink);
  const beyond = outside.map((far, k) => (ink.data[k] ? 0.5 - inside[k] : far - 0.5));
  // Smoothed, so that the steps of the pixels do not show as bumps.
  const coverage = gaussian({ ...ink, data: beyond }, 1);
  coverage.data.forEach((far, k) => (coverage.data[k] = clip(0.5 + grow - far, 0, 1)));
  if (grow < 0) {
    distances(skeleton).forEach((far, k) => {
      const line = clip(0.5 + THINNEST * width - far, 0, 1);
      coverage.data[k] = Math.max(coverage.data[k], line);
    });
  }
  const drawn = cropped(coverage, {
    top: border,
    bottom: border + mask.height,
    left: border,
    right: border + mask.width,
  });
  return { ...drawn, data: Uint8Array.from(drawn.data, (c) => roundEven(255 * (1 - c))) };
}
