/** Polylines: Float64Arrays of x and y of one point after the other. */

/** @param {ArrayLike<number>} line */
export function countOf(line) {
  return line.length / 2;
}

/** The length of a line up to each of its points. @returns {Float64Array} */
export function lengthsOf(line) {
  const lengths = new Float64Array(countOf(line));
  for (let i = 1; i < lengths.length; i++) {
    const x = line[2 * i] - line[2 * i - 2];
    const y = line[2 * i + 1] - line[2 * i - 1];
    // Several times as fast as Math.hypot, which guards against overflow.
    lengths[i] = lengths[i - 1] + Math.sqrt(x * x + y * y);
  }
  return lengths;
}

/** @returns {number} */
export function lengthOf(line) {
  return lengthsOf(line).at(-1) ?? 0;
}

/**
 * Where evenly spaced points lie on a line.
 * @param {Float64Array} lengths  see `lengthsOf`
 * @param {number} count  of points, 2 or more
 * @param {(segment: number, share: number, index: number) => void} put
 */
export function alongEvenly(lengths, count, put) {
  const total = lengths.at(-1);
  let segment = 0;
  const last = Math.max(lengths.length - 2, 0);
  for (let i = 0; i < count; i++) {
    const wanted = i === count - 1 ? total : (total * i) / (count - 1);
    while (segment < last && lengths[segment + 1] <= wanted) segment++;
    const run = (lengths[segment + 1] ?? 0) - lengths[segment];
    const share = run > 0 ? Math.min(Math.max((wanted - lengths[segment]) / run, 0), 1) : 0;
    put(segment, share, i);
  }
}

/**
 * Points evenly spaced by arc length along a line, its ends among them.
 * @returns {Float64Array}
 */
export function resample(line, count) {
  const result = new Float64Array(2 * count);
  const last = line.length / 2 - 1;
  alongEvenly(lengthsOf(line), count, (segment, share, i) => {
    const next = Math.min(segment + 1, last);
    for (let axis = 0; axis < 2; axis++) {
      const start = line[2 * segment + axis];
      result[2 * i + axis] = start + share * (line[2 * next + axis] - start);
    }
  });
  return result;
}

/** The points in the other direction. @returns {Float64Array} */
export function reversed(line) {
  const result = new Float64Array(line.length);
  for (let i = 0; i < line.length; i += 2) {
    result[i] = line[line.length - 2 - i];
    result[i + 1] = line[line.length - 1 - i];
  }
  return result;
}

/** One line of several. @param {ArrayLike<number>[]} lines @returns {Float64Array} */
export function concatenated(lines) {
  const result = new Float64Array(lines.reduce((sum, line) => sum + line.length, 0));
  let place = 0;
  for (const line of lines) {
    result.set(line, place);
    place += line.length;
  }
  return result;
}

/** The points from index `first` up to, not with, `end`. */
export function slice(line, first, end) {
  return line.slice(2 * first, 2 * end);
}

/**
 * The mean distance of points that belong together.
 * @param {number} [limit]  a distance of more may come back as infinite
 */
export function meanDistance(one, other, limit = Infinity) {
  const most = limit * countOf(one) + 1e-9;
  let sum = 0;
  for (let i = 0; i < one.length; i += 2) {
    const x = one[i] - other[i];
    const y = one[i + 1] - other[i + 1];
    sum += Math.sqrt(x * x + y * y);
    if (sum > most) return Infinity;
  }
  return sum / countOf(one);
}

/** The box of lines: [left, top, right, bottom]. */
export function boxOf(lines) {
  const box = [Infinity, Infinity, -Infinity, -Infinity];
  for (const line of lines) {
    for (let i = 0; i < line.length; i++) {
      const axis = i % 2;
      box[axis] = Math.min(box[axis], line[i]);
      box[axis + 2] = Math.max(box[axis + 2], line[i]);
    }
  }
  return box;
}
