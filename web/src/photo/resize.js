/**
 * Resizing as Pillow 13 does it, to the last bit: greys with whole weights, floats with
 * exact ones; first across, then down, but the other way round where height shrinks most.
 * @typedef {import("./ink.js").Grid} Grid
 * @typedef {{reach: number, weight: (x: number) => number}} Kernel
 */

/** @param {number} x */
const sinc = (x) => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI));

/** @type {Kernel} */
export const LINEAR = { reach: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) };

/** @type {Kernel} */
export const CUBIC = {
  reach: 2,
  weight(x) {
    const a = -0.5;
    x = Math.abs(x);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
  },
};

/** @type {Kernel} */
export const LANCZOS = {
  reach: 3,
  weight: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0),
};

// Bits after the point of whole weights.
const BITS = 22;

/**
 * Resizes a grid, or the part of one from `start` on.
 * @param {Grid} grid of bytes or of 32-bit floats
 * @param {number} width
 * @param {number} height
 * @param {Kernel} kernel
 * @param {{start: number, right: number, bottom: number}} [part] from (start, start)
 *   to (right, bottom), in pixels, which need not be whole
 * @returns {Grid}
 */
export function resized(grid, width, height, kernel, part) {
  const { start, right, bottom } = part ?? {
    start: 0,
    right: grid.width,
    bottom: grid.height,
  };
  const [fewer, lower] = [grid.width - width, grid.height - height];
  if (lower > 0 && lower > 2 * fewer) {
    const small = along(grid, height, start, bottom, kernel, true);
    return along(small, width, start, right, kernel, false);
  }
  const small = along(grid, width, start, right, kernel, false);
  return along(small, height, start, bottom, kernel, true);
}

/** Resizes along one axis. */
function along({ data, width, height }, size, start, end, kernel, down) {
  const [length, count] = down ? [height, width] : [width, height];
  if (size === length && start === 0 && end === length) return { data, width, height };
  const whole = data instanceof Uint8Array;
  const weighed = weights(length, size, start, end, kernel, whole);
  const result = new data.constructor(size * count);
  const [from, next] = down ? [width, 1] : [1, width];
  const [to, nextTo] = down ? [width, 1] : [1, size];
  for (let k = 0; k < size; k++) {
    const { first, values } = weighed[k];
    for (let line = 0; line < count; line++) {
      let sum = whole ? 1 << (BITS - 1) : 0;
      for (let j = 0, at = first * from + line * next; j < values.length; j++, at += from) {
        sum += data[at] * values[j];
      }
      const value = whole ? Math.min(255, Math.max(0, sum >> BITS)) : sum;
      result[k * to + line * nextTo] = value;
    }
  }
  return down
    ? { data: result, width, height: size }
    : { data: result, width: size, height };
}

/** For each new pixel its first old one, and the weights from there on. */
function weights(length, size, start, end, kernel, whole) {
  const scale = (end - start) / size;
  const stretch = Math.max(scale, 1);
  const reach = kernel.reach * stretch;
  return Array.from({ length: size }, (_, k) => {
    const centre = start + (k + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - reach + 0.5));
    const last = Math.min(length, Math.trunc(centre + reach + 0.5));
    const values = new Float64Array(last - first);
    let sum = 0;
    for (let j = 0; j < values.length; j++) {
      values[j] = kernel.weight((j + first - centre + 0.5) * (1 / stretch));
      sum += values[j];
    }
    for (let j = 0; j < values.length; j++) {
      if (sum !== 0) values[j] /= sum;
      if (whole) {
        const share = values[j] * (1 << BITS);
        values[j] = Math.trunc(share < 0 ? share - 0.5 : share + 0.5);
      }
    }
    return { first, values };
  });
}

/**
 * The means of squares of pixels; those at the right and lower edge may be smaller.
 * @param {Grid} grid of bytes or of 32-bit floats
 * @param {number} factor side of the squares
 * @returns {Grid}
 */
export function reduced({ data, width, height }, factor) {
  if (factor === 1) return { data, width, height };
  const [across, down] = [Math.ceil(width / factor), Math.ceil(height / factor)];
  const result = new data.constructor(across * down);
  for (let y = 0, k = 0; y < down; y++) {
    const bottom = Math.min(height, (y + 1) * factor);
    for (let x = 0; x < across; x++, k++) {
      const right = Math.min(width, (x + 1) * factor);
      const count = (bottom - y * factor) * (right - x * factor);
      let sum = 0;
      for (let row = y * factor; row < bottom; row++) {
        for (let at = row * width + x * factor; at < row * width + right; at++) {
          sum += data[at];
        }
      }
      if (data instanceof Uint8Array) {
        // Division by multiplication with a whole number of 32 bits.
        const share = Math.trunc(Math.fround(2 ** 32 / (256 * count)));
        sum = ((sum + Math.floor(count / 2)) * share) / 2 ** 24;
        result[k] = Math.floor(sum);
      } else result[k] = sum * (1 / count);
    }
  }
  return { data: result, width: across, height: down };
}
