/**
 * Filters of grids: blur, least and greatest values around, distances.
 * @typedef {import("./ink.js").Grid} Grid
 */

/**
 * Applies a function to each line along both axes: columns first, then rows.
 * @param {Grid} grid
 * @param {(line: Float64Array, output: Float64Array) => void} onLine
 * @returns {Grid}
 */
function separably({ data, width, height }, onLine) {
  const result = data.slice();
  for (const [count, length, step, next] of [
    [width, height, width, 1],
    [height, width, 1, width],
  ]) {
    const line = new Float64Array(length);
    const output = new Float64Array(length);
    for (let n = 0, start = 0; n < count; n++, start += next) {
      for (let k = 0, at = start; k < length; k++, at += step) line[k] = result[at];
      onLine(line, output);
      for (let k = 0, at = start; k < length; k++, at += step) result[at] = output[k];
    }
  }
  return { data: result, width, height };
}

/**
 * Gaussian blur; beyond the edges the grid is mirrored.
 * @param {Grid} grid of floats, whose precision the result has
 * @param {number} sigma standard deviation in pixels
 * @returns {Grid}
 */
export function gaussian(grid, sigma) {
  const reach = Math.floor(4 * sigma + 0.5);
  const weights = Float64Array.from({ length: reach + 1 }, (_, k) => {
    return Math.exp((-0.5 / (sigma * sigma)) * k * k);
  });
  const sum = weights.reduce((all, weight, k) => all + (k ? 2 : 1) * weight, 0);
  for (let k = 0; k <= reach; k++) weights[k] /= sum;
  let wide = new Float64Array(0);
  return separably(grid, (line, output) => {
    const length = line.length;
    if (wide.length !== length + 2 * reach) wide = new Float64Array(length + 2 * reach);
    for (let k = 0; k < wide.length; k++) {
      let place = (((k - reach) % (2 * length)) + 2 * length) % (2 * length);
      if (place >= length) place = 2 * length - 1 - place;
      wide[k] = line[place];
    }
    for (let k = 0; k < length; k++) {
      let value = wide[k + reach] * weights[0];
      for (let far = reach; far > 0; far--) {
        value += (wide[k + reach - far] + wide[k + reach + far]) * weights[far];
      }
      output[k] = value;
    }
  });
}

/**
 * The greatest, or least, values in the squares around the pixels.
 * @param {Grid} grid
 * @param {number} size side of the squares, odd
 * @param {number} [sign] 1: greatest, -1: least
 * @returns {Grid}
 */
export function most(grid, size, sign = 1) {
  const places = new Int32Array(Math.max(grid.width, grid.height));
  return separably(grid, (line, output) => mostAlong(line, output, size, sign, places));
}

/** The same along one line, by a queue of candidates that fall. */
function mostAlong(line, output, size, sign, places) {
  const reach = size >> 1;
  const length = line.length;
  let first = 0;
  let end = 0;
  for (let k = 0; k < length + reach; k++) {
    if (k < length) {
      while (end > first && sign * line[places[end - 1]] <= sign * line[k]) end--;
      places[end++] = k;
    }
    const middle = k - reach;
    if (middle < 0) continue;
    while (places[first] < middle - reach) first++;
    output[middle] = line[places[first]];
  }
}

/**
 * Grey closing: dips that are narrower than the squares are filled.
 * @param {Grid} grid
 * @param {number} size side of the squares, odd
 * @returns {Grid}
 */
export function closing(grid, size) {
  return most(most(grid, size), size, -1);
}

/**
 * A mask, grown by its upper, lower, left and right neighbours.
 * @param {Grid} mask
 * @param {number} [rounds]
 * @returns {Grid}
 */
export function dilated({ data, width, height }, rounds = 1) {
  let now = data;
  for (let round = 0; round < rounds; round++) {
    const next = now.slice();
    for (let y = 0, k = 0; y < height; y++) {
      for (let x = 0; x < width; x++, k++) {
        if (!now[k]) continue;
        if (x > 0) next[k - 1] = 1;
        if (x < width - 1) next[k + 1] = 1;
        if (y > 0) next[k - width] = 1;
        if (y < height - 1) next[k + width] = 1;
      }
    }
    now = next;
  }
  return { data: now, width, height };
}

/**
 * Distance of each pixel from the nearest one of a mask, exactly.
 *
 * Reference: Meijster, Roerdink and Hesselink, A general algorithm for computing
 * distance transforms in linear time, 2000.
 * @param {Grid} mask with at least one pixel
 * @returns {Float64Array}
 */
export function distances({ data, width, height }) {
  const far = width + height;
  const columns = new Int32Array(data.length);
  for (let x = 0; x < width; x++) {
    let steps = far;
    for (let y = 0, k = x; y < height; y++, k += width) {
      steps = data[k] ? 0 : steps + 1;
      columns[k] = Math.min(steps, far);
    }
    steps = far;
    for (let y = height - 1, k = y * width + x; y >= 0; y--, k -= width) {
      steps = data[k] ? 0 : steps + 1;
      if (steps < columns[k]) columns[k] = steps;
    }
  }
  const result = new Float64Array(data.length);
  const sites = new Int32Array(width);
  const starts = new Int32Array(width);
  for (let y = 0; y < height; y++) {
    const row = y * width;
    const squared = (x, site) => (x - site) ** 2 + columns[row + site] ** 2;
    let last = 0;
    sites[0] = starts[0] = 0;
    for (let x = 1; x < width; x++) {
      while (last >= 0 && squared(starts[last], sites[last]) > squared(starts[last], x)) {
        last--;
      }
      if (last < 0) {
        last = 0;
        sites[0] = x;
        starts[0] = 0;
        continue;
      }
      const site = sites[last];
      const rise = columns[row + x] ** 2 - columns[row + site] ** 2;
      const start = 1 + Math.floor((x * x - site * site + rise) / (2 * (x - site)));
      if (start < width) {
        last++;
        sites[last] = x;
        starts[last] = start;
      }
    }
    for (let x = width - 1; x >= 0; x--) {
      result[row + x] = Math.sqrt(squared(x, sites[last]));
      if (x === starts[last]) last--;
    }
  }
  return result;
}
