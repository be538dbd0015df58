/** Cleaning an image of one character, as Python's `clean_image` does. */

import { refusal } from "../refusals.js";
import { InputError } from "./errors.js";
import { withoutFrame } from "./frames.js";
import { bounds, cropped, maskOf, otsu, padded, pieces } from "./ink.js";
import { blackOnWhite, evenLight } from "./light.js";
import { roundEven } from "./numbers.js";
import { CUBIC, LANCZOS, resized } from "./resize.js";
import { specks, withoutNeighbours, withoutSpecks } from "./specks.js";
import { withStrokeWidth } from "./widths.js";

/** @typedef {import("./ink.js").Grid} Grid */

// The least side at which the width of strokes is changed, pixels.
const FINE = 160;

/**
 * @typedef {object} Cleaning
 * @property {number} [size] side of the square in pixels; 64
 * @property {number} [margin] empty border on each side as a share of the side, up to
 *   0.4; 0, as the reader cleans
 * @property {number|null} [boxMargin] a share of the side up to 0.4 if the image is the
 *   whole box in which the character was written: then the box, without this share at
 *   each edge, fills the square instead of the ink
 * @property {boolean} [repair] whether to undo damage; true
 * @property {number|null} [strokeWidth] the mean width of all strokes as a share of the
 *   side, 0.01 to 0.2
 * @property {string|import("../refusals.js").Refusal} [name] of the image in an error
 */

/**
 * Turns an image of one character into a centred square, black on white.
 *
 * White ink on black paper is inverted, the contrast is stretched to the full range, the
 * empty border is cut off with the specks in it, and the character is scaled to fill the
 * square. Uneven light, ruled boxes, pieces of neighbours and specks are undone first.
 * @param {Uint8Array} grey ink on paper of either polarity, row by row
 * @param {number} width
 * @param {number} height
 * @param {Cleaning} [options]
 * @returns {Uint8Array} size x size greys, 0 ink and 255 paper.
 * @throws {InputError} the image is blank, or has another size than is said.
 */
export function cleanImage(grey, width, height, options = {}) {
  const { size = 64, margin = 0, boxMargin = null, repair = true } = options;
  const { strokeWidth = null, name = refusal("theImage") } = options;
  if (!grey.length || grey.length !== width * height) {
    throw new InputError("greys", { name, count: grey.length, width, height });
  }
  let image = { data: Uint8Array.from(grey), width, height };
  let ruled = null;
  if (repair) ({ image, ruled } = repaired(image, name));
  else image = blackOnWhite(image, name);
  const edges = inkBox(image, name);
  let box = edges;
  if (boxMargin !== null) ({ image, box } = boxed(image, edges, ruled, boxMargin));
  image = cropped(image, box);
  if (strokeWidth) image = thickened(image, strokeWidth, margin, boxMargin === null);
  return placeInSquare(image, size, margin).data;
}

/**
 * Scales a cropped image to fill a square, centred, aspect ratio kept.
 * @param {Grid} ink greys
 * @param {number} size side of the square in pixels
 * @param {number} margin empty border on each side as a share of the side
 * @returns {Grid}
 */
export function placeInSquare(ink, size, margin) {
  const scale = (size * (1 - 2 * margin)) / Math.max(ink.width, ink.height);
  const [width, height] = [ink.width, ink.height].map((side) => {
    return Math.max(1, roundEven(side * scale));
  });
  const small = resized(ink, width, height, LANCZOS);
  const square = new Uint8Array(size * size).fill(255);
  const [left, top] = [(size - width) >> 1, (size - height) >> 1];
  for (let y = 0; y < height; y++) {
    const row = small.data.subarray(y * width, (y + 1) * width);
    square.set(row, (top + y) * size + left);
  }
  return { data: square, width: size, height: size };
}

/** An image without damage, black on white, and the bounds of the ruled box or null. */
function repaired(image, name) {
  image = blackOnWhite(evenLight(image), name, true);
  let ruled = null;
  // Beside a box there may be the line of the next one.
  for (let round = 0; round < 2; round++) {
    const { image: cleared, inside } = withoutFrame(image);
    if (cleared === image) break;
    // The frame may have been darker than the ink.
    image = blackOnWhite(cleared, name);
    ruled = inside ?? ruled;
  }
  const threshold = otsu(image.data);
  const isInk = (grey) => grey <= threshold;
  image = withoutNeighbours(image, maskOf(image, isInk));
  return { image: withoutSpecks(image, maskOf(image, isInk)), ruled };
}

/** Bounds of all ink but specks, antialiased edges included. */
function inkBox(image, name) {
  const threshold = otsu(image.data);
  const { labels, areas } = pieces(maskOf(image, (grey) => grey <= threshold));
  const small = specks(labels, areas);
  const kept = maskOf({ ...image, data: labels }, (label) => label && !small[label]);
  if (!kept.data.some(Boolean)) {
    throw new InputError("specks", { name });
  }
  const { top, bottom, left, right } = bounds(kept);
  // The grey rim of antialiased ink lies one pixel outside the threshold.
  return {
    top: Math.max(top - 1, 0),
    bottom: Math.min(bottom + 1, image.height),
    left: Math.max(left - 1, 0),
    right: Math.min(right + 1, image.width),
  };
}

/** The writing box as a square without its margin, and the bounds of it all. */
function boxed(image, edges, ruled, boxMargin) {
  let { top, bottom, left, right } = edges;
  if (ruled) {
    // Ink beyond the ruled box stays.
    const whole = {
      top: Math.min(top, ruled.top),
      bottom: Math.max(bottom, ruled.bottom),
      left: Math.min(left, ruled.left),
      right: Math.max(right, ruled.right),
    };
    image = cropped(image, whole);
    [top, bottom] = [top - whole.top, bottom - whole.top];
    [left, right] = [left - whole.left, right - whole.left];
  }
  const side = Math.max(image.width, image.height);
  const [x, y] = [(side - image.width) >> 1, (side - image.height) >> 1];
  const square = new Uint8Array(side * side).fill(255);
  for (let row = top; row < bottom; row++) {
    const start = row * image.width;
    const ink = image.data.subarray(start + left, start + right);
    square.set(ink, (y + row) * side + x + left);
  }
  [top, bottom, left, right] = [y + top, y + bottom, x + left, x + right];
  const least = roundEven(boxMargin * side);
  const cut = Math.min(least, top, left, side - bottom, side - right);
  const box = { top: cut, bottom: side - cut, left: cut, right: side - cut };
  return { image: { data: square, width: side, height: side }, box };
}

/** An image whose strokes have one mean width, a share of the square's side. */
function thickened(image, strokeWidth, margin, isCropped) {
  const side = Math.max(image.width, image.height) / (1 - 2 * margin);
  // Finer than the pixels, so that thin strokes keep their form.
  const factor = Math.ceil(FINE / side);
  const width = strokeWidth * side * factor;
  const fine = resized(image, factor * image.width, factor * image.height, CUBIC);
  const ink = maskOf(fine, (grey) => grey <= 127);
  if (!isCropped) return withStrokeWidth(ink, width);
  const drawn = withStrokeWidth(padded(ink, Math.ceil(width)), width);
  return cropped(drawn, bounds(maskOf(drawn, (grey) => grey < 128)));
}
