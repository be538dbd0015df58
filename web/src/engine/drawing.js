/** Lines of varying width as antialiased pixels, as `sources/ink.py` draws them. */

import { InputError } from "../photo/errors.js";
import { roundEven } from "../photo/numbers.js";
import { placement } from "./track.js";

// Thinner lines would break up at small sizes.
const LEAST_RADIUS = 0.45;

/**
 * See `Engine.draw` of client.js.
 * @param {import("./client.js").Line[]} lines
 * @param {number} size  side in pixels, 8 or more
 * @param {{character?: string, margin?: number, fill?: boolean}} options
 * @returns {Uint8Array}  size * size, 0 ink, 255 paper
 */
export function drawLines(lines, size, { character = "", margin, fill = true }) {
  if (!(Number.isInteger(size) && size >= 8)) {
    throw new InputError("imageSide");
  }
  const ink = new Float64Array(size * size);
  const found = fill ? placement(character, lines, margin) : null;
  const { centre, scale } = found ?? { centre: [0.5, 0.5], scale: 1 };
  for (const { points, radii } of lines) {
    const disc = (i) => [
      ...[0, 1].map((axis) => Math.fround((points[2 * i + axis] - centre[axis]) * scale + 0.5) * size),
      Math.fround(radii[i] * scale) * size,
    ];
    // A line of one point is a dot.
    const last = Math.max(radii.length - 1, 1);
    for (let i = 0; i < last; i++) {
      const next = Math.min(i + 1, radii.length - 1);
      if (radii[i] > 0 && radii[next] > 0) drawSegment(ink, size, disc(i), disc(next));
    }
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
