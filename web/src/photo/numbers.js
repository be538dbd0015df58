/**
 * Numbers as NumPy has them: rounding, percentiles, even steps, interpolation.
 */

/**
 * Rounds to the nearest whole number, halves to the even one.
 * @param {number} x
 * @returns {number}
 */
export function roundEven(x) {
  const low = Math.floor(x);
  const rest = x - low;
  if (rest !== 0.5) return rest < 0.5 ? low : low + 1;
  return low % 2 === 0 ? low : low + 1;
}

/**
 * @param {number} x
 * @param {number} low
 * @param {number} high
 * @returns {number} x, or the bound that it exceeds.
 */
export function clip(x, low, high) {
  return x < low ? low : x > high ? high : x;
}

/**
 * Evenly spaced numbers, both ends included.
 * @param {number} start
 * @param {number} stop
 * @param {number} count at least 2
 * @returns {Float64Array}
 */
export function linspace(start, stop, count) {
  const step = (stop - start) / (count - 1);
  const values = Float64Array.from({ length: count }, (_, k) => k * step + start);
  values[count - 1] = stop;
  return values;
}

/**
 * Percentiles, interpolated between the two nearest values.
 * @param {ArrayLike<number>} values at least one
 * @param {number[]} shares from 0 to 100
 * @returns {number[]}
 */
export function percentiles(values, shares) {
  const sorted = Float64Array.from(values).sort();
  return shares.map((share) => {
    const place = (share / 100) * (sorted.length - 1);
    const before = Math.floor(place);
    const low = sorted[before];
    const high = sorted[Math.min(before + 1, sorted.length - 1)];
    const t = place - before;
    return t < 0.5 ? low + (high - low) * t : high - (high - low) * (1 - t);
  });
}

/**
 * @param {ArrayLike<number>} values at least one
 * @param {number} share from 0 to 100
 * @returns {number}
 */
export function percentile(values, share) {
  return percentiles(values, [share])[0];
}

/**
 * @param {ArrayLike<number>} values at least one
 * @returns {number} the middle value, or the mean of the middle two.
 */
export function median(values) {
  const left = Float64Array.from(values);
  const half = left.length >> 1;
  const upper = ranked(left, half);
  if (left.length % 2) return upper;
  let lower = -Infinity;
  for (let k = 0; k < half; k++) lower = Math.max(lower, left[k]);
  return (lower + upper) / 2;
}

/** The value of a rank from 0; the values before it become those that are no greater. */
function ranked(values, rank) {
  let [first, last] = [0, values.length - 1];
  while (first < last) {
    const pivot = values[(first + last) >> 1];
    let [i, j] = [first, last];
    while (i <= j) {
      while (values[i] < pivot) i++;
      while (values[j] > pivot) j--;
      if (i > j) break;
      const value = values[i];
      values[i++] = values[j];
      values[j--] = value;
    }
    if (rank <= j) last = j;
    else if (rank >= i) first = i;
    else break;
  }
  return values[rank];
}

/**
 * @param {ArrayLike<number>} values
 * @returns {number} mean; NaN of nothing.
 */
export function mean(values) {
  let sum = 0;
  for (let k = 0; k < values.length; k++) sum += values[k];
  return sum / values.length;
}

/**
 * @param {ArrayLike<number>} values
 * @returns {number} standard deviation around the mean.
 */
export function deviation(values) {
  const middle = mean(values);
  let sum = 0;
  for (let k = 0; k < values.length; k++) sum += (values[k] - middle) ** 2;
  return Math.sqrt(sum / values.length);
}

/**
 * The place of the first of the greatest, or least, values.
 * @param {ArrayLike<number>} values
 * @param {number} [sign] 1 for the greatest, -1 for the least
 * @returns {number}
 */
export function argmost(values, sign = 1) {
  let best = 0;
  for (let k = 1; k < values.length; k++) {
    if (sign * values[k] > sign * values[best]) best = k;
  }
  return best;
}

/**
 * Linear interpolation at one place; the ends go on.
 * @param {number} x
 * @param {ArrayLike<number>} places ascending
 * @param {ArrayLike<number>} values
 * @returns {number}
 */
export function interpolate(x, places, values) {
  const last = places.length - 1;
  if (x >= places[last]) return values[last];
  if (x < places[0]) return values[0];
  const k = lastNotAbove(places, x);
  const slope = (values[k + 1] - values[k]) / (places[k + 1] - places[k]);
  return slope * (x - places[k]) + values[k];
}

/**
 * The last place that is not above x, for x from the first place on.
 * @param {ArrayLike<number>} places ascending
 * @param {number} x
 * @returns {number} -1 if all are above.
 */
export function lastNotAbove(places, x) {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (places[middle] <= x) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/**
 * The length of a pair, rounded as C rounds it: the last bit decides between equals.
 *
 * Reference: Borges, An improved algorithm for hypot(a, b), 2019.
 * @param {number} x
 * @param {number} y
 * @returns {number}
 */
export function hypot(x, y) {
  const [a, b] = [Math.max(Math.abs(x), Math.abs(y)), Math.min(Math.abs(x), Math.abs(y))];
  const length = Math.sqrt(a * a + b * b);
  if (length === 0) return 0;
  if (length <= 2 * b) {
    const rest = length - b;
    const error = a * (2 * rest - a) + (rest - 2 * (a - b)) * rest;
    return length - error / (2 * length);
  }
  const rest = length - a;
  const error = 2 * rest * (a - 2 * b) + ((4 * rest - b) * b + rest * rest);
  return length - error / (2 * length);
}
