/** Lines of varying width as antialiased pixels, as `sources/ink.py` draws them. */

import { roundEven } from "./pairs.js";

// Thinner lines would break up at small sizes.
const LEAST_RADIUS = 0.45;

/**
 * @param {import("./track.js").Track} track  as it lies in the image
 * @param {number} size  side in pixels
 * @returns {Uint8Array}  size * size, 0 ink, 255 paper
 */
export function drawTrack(track, size) {
  const ink = new Float64Array(size * size);
  const { each, points, radii } = track;
  for (let i = 0; i + 1 < radii.length; i++) {
    const lifted = !(radii[i] > 0) || !(radii[i + 1] > 0);
    if (lifted || i % each === each - 1) continue;
    const [x, y, x1, y1] = points.subarray(2 * i, 2 * i + 4);
    const start = [x, y, radii[i]].map((value) => value * size);
    const end = [x1, y1, radii[i + 1]].map((value) => value * size);
    drawSegment(ink, size, start, end);
  }
  return Uint8Array.from(ink, (share) => roundEven(255 * (1 - share)));
}

/** Draws discs along a segment that are close enough to form a line. */
function drawSegment(ink, size, [x, y, radius], [x1, y1, radius1]) {
  const length = Math.hypot(x1 - x, y1 - y);
  const spacing = Math.max(0.5, 0.35 * Math.min(radius, radius1));
  const steps = Math.max(1, Math.ceil(length / spacing));
  for (let i = 0; i <= steps; i++) {
    const t = i / steps;
    const own = Math.max(radius + t * (radius1 - radius), LEAST_RADIUS);
    drawDisc(ink, size, x + t * (x1 - x), y + t * (y1 - y), own);
  }
}

function drawDisc(ink, size, x, y, radius) {
  const reach = radius + 0.5;
  const [left, top] = [x, y].map((middle) => Math.max(0, Math.floor(middle - reach - 0.5)));
  const [right, bottom] = [x, y].map((middle) => Math.min(size - 1, Math.ceil(middle + reach)));
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      const distance = Math.hypot(column + 0.5 - x, row + 0.5 - y);
      const covered = Math.min(Math.max(reach - distance, 0), 1);
      const place = row * size + column;
      if (covered > ink[place]) ink[place] = covered;
    }
  }
}
