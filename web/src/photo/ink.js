/**
 * What is ink: thresholds, connected pieces, bounds, distances.
 *
 * An image or a mask is a `Grid`: its values row by row, and its width and height. Of
 * masks 1 is ink; of greys 0 is ink and 255 is paper.
 * @typedef {{data: Uint8Array|Float32Array|Float64Array, width: number,
 *   height: number}} Grid
 */

/**
 * @param {Grid} grid
 * @param {(value: number) => boolean|number} isInk
 * @returns {Grid} a mask.
 */
export function maskOf({ data, width, height }, isInk) {
  const mask = new Uint8Array(data.length);
  for (let k = 0; k < data.length; k++) mask[k] = isInk(data[k]) ? 1 : 0;
  return { data: mask, width, height };
}

/**
 * @param {ArrayLike<number>} data
 * @returns {number} sum of its values.
 */
export function total(data) {
  let sum = 0;
  for (let k = 0; k < data.length; k++) sum += data[k];
  return sum;
}

/**
 * The threshold of Otsu's method: what is not above it is ink.
 *
 * Weights are rounded to 32 bits where scikit-image rounds them, so that thresholds of
 * nearly equal merit are chosen alike.
 * @param {Uint8Array} greys
 * @returns {number}
 */
export function otsu(greys) {
  const counts = histogram(greys);
  const first = counts.findIndex((count) => count > 0);
  const last = counts.findLastIndex((count) => count > 0);
  if (first === last) return first;
  const centres = Array.from({ length: last - first + 1 }, (_, k) => first + k);
  return mostApart(counts.subarray(first, last + 1), centres, (x) => x);
}

/** @param {Uint8Array} greys @returns {Float64Array} how often there is each. */
export function histogram(greys) {
  const counts = new Float64Array(256);
  for (let k = 0; k < greys.length; k++) counts[greys[k]]++;
  return counts;
}

/**
 * A percentile of counted whole numbers, interpolated between two of them.
 * @param {Float64Array} counts of 0, 1, 2, …
 * @param {number} share from 0 to 100
 * @returns {number}
 */
export function shareOf(counts, share) {
  const place = (share / 100) * (total(counts) - 1);
  const [before, after] = [Math.floor(place), Math.ceil(place)].map((rank) => {
    let sum = 0;
    return counts.findIndex((count) => (sum += count) > rank);
  });
  const t = place - Math.floor(place);
  return t < 0.5 ? before + (after - before) * t : after - (after - before) * (1 - t);
}

/**
 * Otsu's threshold of 32-bit numbers, from a histogram of 256 steps.
 * @param {Float32Array} values
 * @returns {number}
 */
export function otsuOfFloats(values) {
  const low = values.reduce((a, b) => Math.min(a, b));
  const high = values.reduce((a, b) => Math.max(a, b));
  if (low === high) return low;
  const edges = Float32Array.from({ length: 257 }, (_, k) => {
    return k === 256 ? high : low + (k * (high - low)) / 256;
  });
  const counts = new Float64Array(256);
  for (const value of values) {
    let step = Math.min(255, Math.floor(((value - low) / (high - low)) * 256));
    if (value < edges[step]) step--;
    else if (step < 255 && value >= edges[step + 1]) step++;
    counts[step]++;
  }
  const centres = Array.from(counts, (_, k) => {
    return Math.fround(Math.fround(edges[k] + edges[k + 1]) / 2);
  });
  return mostApart(counts, centres, Math.fround);
}

/** The centre that parts a histogram into the two classes that differ most. */
function mostApart(counts, centres, rounded) {
  const size = counts.length;
  const sums = (order) => {
    const weights = new Float64Array(size);
    const means = new Float64Array(size);
    let weight = 0;
    let moment = 0;
    for (const k of order) {
      weight = Math.fround(weight + counts[k]);
      moment = rounded(moment + rounded(counts[k] * centres[k]));
      weights[k] = weight;
      means[k] = rounded(moment / weight);
    }
    return [weights, means];
  };
  const upwards = Array.from(counts, (_, k) => k);
  const [below, meanBelow] = sums(upwards);
  const [above, meanAbove] = sums(upwards.slice().reverse());
  let best = 0;
  let most = -1;
  for (let k = 0; k + 1 < size; k++) {
    const apart = rounded(rounded(meanBelow[k] - meanAbove[k + 1]) ** 2);
    const merit = rounded(Math.fround(below[k] * above[k + 1]) * apart);
    if (merit > most) [best, most] = [k, merit];
  }
  return centres[best];
}

/**
 * Labels of the connected pieces of ink, numbered by their first pixels; 0 is paper.
 * @param {Grid} ink mask
 * @param {boolean} [diagonal] whether pieces may hang together by corners
 * @returns {{labels: Int32Array, areas: Float64Array}} the area of 0 is 0.
 */
export function pieces({ data, width, height }, diagonal = true) {
  const labels = new Int32Array(data.length);
  const areas = [0];
  const stack = [];
  for (let start = 0; start < data.length; start++) {
    if (!data[start] || labels[start]) continue;
    const label = areas.length;
    labels[start] = label;
    stack.push(start);
    let area = 0;
    while (stack.length) {
      const pixel = stack.pop();
      area++;
      const column = pixel % width;
      const row = (pixel - column) / width;
      for (let y = Math.max(0, row - 1); y <= Math.min(height - 1, row + 1); y++) {
        const [left, right] = [Math.max(0, column - 1), Math.min(width - 1, column + 1)];
        for (let x = left; x <= right; x++) {
          const next = y * width + x;
          if (!data[next] || labels[next]) continue;
          if (!diagonal && y !== row && x !== column) continue;
          labels[next] = label;
          stack.push(next);
        }
      }
    }
    areas.push(area);
  }
  return { labels, areas: Float64Array.from(areas) };
}

/**
 * @param {Grid} ink mask
 * @returns {{top: number, bottom: number, left: number, right: number}} bounds, the
 *   ends excluded; there must be ink.
 */
export function bounds({ data, width, height }) {
  let [top, bottom, left, right] = [height, 0, width, 0];
  for (let y = 0, k = 0; y < height; y++) {
    for (let x = 0; x < width; x++, k++) {
      if (!data[k]) continue;
      if (y < top) top = y;
      bottom = y + 1;
      if (x < left) left = x;
      if (x >= right) right = x + 1;
    }
  }
  return { top, bottom, left, right };
}

/**
 * Bounds of each piece, by its number; of 0 null.
 * @param {Int32Array} labels
 * @param {number} width
 * @param {number} count of labels, paper included
 */
export function boundsOfPieces(labels, width, count) {
  const boxes = new Array(count).fill(null);
  for (let k = 0; k < labels.length; k++) {
    const label = labels[k];
    if (!label) continue;
    const x = k % width;
    const y = (k - x) / width;
    const box = boxes[label];
    if (!box) boxes[label] = { top: y, bottom: y + 1, left: x, right: x + 1 };
    else {
      box.bottom = y + 1;
      if (x < box.left) box.left = x;
      if (x >= box.right) box.right = x + 1;
    }
  }
  return boxes;
}

/**
 * The pixels along the four edges; those of the corners come twice.
 * @param {Grid} grid
 * @returns {number[]}
 */
export function edgePixels({ data, width, height }) {
  const edges = [];
  for (let x = 0; x < width; x++) edges.push(data[x], data[(height - 1) * width + x]);
  for (let y = 0; y < height; y++) edges.push(data[y * width], data[(y + 1) * width - 1]);
  return edges;
}

/**
 * A part of a grid.
 * @param {Grid} grid
 * @param {{top: number, bottom: number, left: number, right: number}} box
 * @returns {Grid}
 */
export function cropped({ data, width }, { top, bottom, left, right }) {
  const part = new data.constructor((bottom - top) * (right - left));
  for (let y = top; y < bottom; y++) {
    const row = data.subarray(y * width + left, y * width + right);
    part.set(row, (y - top) * (right - left));
  }
  return { data: part, width: right - left, height: bottom - top };
}

/**
 * A grid with a border of one value.
 * @param {Grid} grid
 * @param {number} border width in pixels
 * @param {number} [value]
 * @returns {Grid}
 */
export function padded({ data, width, height }, border, value = 0) {
  const [across, down] = [width + 2 * border, height + 2 * border];
  const whole = new data.constructor(across * down).fill(value);
  for (let y = 0; y < height; y++) {
    const row = data.subarray(y * width, (y + 1) * width);
    whole.set(row, (y + border) * across + border);
  }
  return { data: whole, width: across, height: down };
}
