/** Finding the straight line along the upper edge of an image. */

import { argmost, clip, deviation, median, roundEven } from "./numbers.js";

/** @typedef {import("./ink.js").Grid} Grid */

// How far from the edge a frame's line may lie, as a share of the side.
const ZONE = 0.22;
// Lines that are looked at, at most, at each edge.
const CANDIDATES = 5;
// The least darkness of a line, where paper is 0 and ink 1.
export const LEAST_DARKNESS = Math.fround(0.15);
// The greatest angle of a line to the edges, degrees, and the angles that are tried.
const [TURN, TURNS] = [2.5, 11];
// The least share of a line that is there.
const LEAST_SEEN = 0.92;
// The most that a line may be off a straight one, as a share of its length and in
// pixels.
const [BENT, BENT_PIXELS] = [0.004, 0.4];
// The greatest width of a line, as a share of the side.
const WIDEST = 0.06;

/**
 * A straight line along the upper edge of an image that was turned so. Lengths are
 * pixels.
 * @typedef {object} Line
 * @property {number} offset its row at column 0
 * @property {number} slope
 * @property {number} weight width times darkness
 * @property {number} width at half of its darkness
 * @property {number} reach of its ink, from side to side
 * @property {number} bend root mean square distance from a straight line
 * @property {number} unsteady deviation of its weight, as a share of it
 * @property {number} touched share of its middle part at which ink touches it
 * @property {number} first column in which it starts
 * @property {number} last column in which it ends, excluded
 * @property {number} length of the image's side
 */

/** @param {Line} line @param {number} column */
export const rowAt = (line, column) => line.offset + line.slope * column;

/** @param {Line} line @param {number} share @param {number} pixels */
export function isStraight(line, share, pixels) {
  return line.bend <= Math.max(pixels, share * (line.last - line.first));
}

/**
 * The outermost straight line along the upper edge.
 * @param {Grid} darkness 32-bit floats, paper 0 and ink 1
 * @returns {Line|null}
 */
export function upperLine(darkness) {
  const { data, width, height } = darkness;
  const rows = Math.ceil(ZONE * height);
  const zone = new Uint8Array(rows * width);
  for (let k = 0; k < zone.length; k++) zone[k] = data[k] > LEAST_DARKNESS ? 1 : 0;
  if (!anyLine({ data: zone, width, height: rows })) return null;
  const { votes, angles, count, offset } = hough(zone, width, rows);
  const most = Array.from({ length: count }, (_, distance) => {
    return Math.max(...votes.subarray(distance * TURNS, (distance + 1) * TURNS));
  });
  const deep = Math.min(height, Math.ceil(1.5 * rows));
  const runs = runsDown(data, width, deep);
  const ruled = [];
  for (let tried = 0; tried < CANDIDATES; tried++) {
    const peak = argmost(most);
    if (most[peak] < 0.6 * width) break;
    const turn = argmost(votes.subarray(peak * TURNS, (peak + 1) * TURNS));
    const line = traced(data, width, deep, runs, angles[turn], peak - offset);
    if (line && isStraight(line, BENT, BENT_PIXELS)) ruled.push(line);
    most.fill(0, Math.max(0, peak - 2), peak + 3);
  }
  if (!ruled.length) return null;
  return ruled[argmost(ruled.map((line) => rowAt(line, width / 2)), -1)];
}

/** A look at whether there is a line at all. */
function anyLine(zone) {
  const { width, height } = zone;
  const reach = Math.ceil((width * Math.tan((TURN * Math.PI) / 180)) / 4);
  for (let row = 0; row < height; row++) {
    let seen = 0;
    for (let x = 0; x < width; x++) {
      const last = Math.min(height - 1, row + reach);
      for (let y = Math.max(0, row - reach); y <= last; y++) {
        if (zone.data[y * width + x]) {
          seen++;
          break;
        }
      }
    }
    if (seen / width >= 0.7) return true;
  }
  return false;
}

/** Votes of ink for lines, by their distance from the corner and their angle. */
function hough(zone, width, height) {
  const offset = Math.ceil(Math.sqrt(height * height + width * width));
  const count = 2 * offset + 1;
  const angles = Array.from({ length: TURNS }, (_, k) => {
    return (90 - TURN + (2 * TURN * k) / (TURNS - 1)) * (Math.PI / 180);
  });
  const [cosines, sines] = [Math.cos, Math.sin].map((of) => Float64Array.from(angles, of));
  const votes = new Int32Array(count * TURNS);
  for (let y = 0, k = 0; y < height; y++) {
    for (let x = 0; x < width; x++, k++) {
      if (!zone[k]) continue;
      for (let turn = 0; turn < TURNS; turn++) {
        const distance = cosines[turn] * x + sines[turn] * y;
        const whole = (distance + (distance > 0 ? 0.5 : -0.5)) | 0;
        votes[(whole + offset) * TURNS + turn]++;
      }
    }
  }
  return { votes, angles, count, offset };
}

/** First and last row, exclusive, of the run down a column that a pixel is in. */
function runsDown(data, width, height) {
  const [start, end] = [new Int32Array(width * height), new Int32Array(width * height)];
  const isInk = (k) => data[k] > LEAST_DARKNESS;
  for (let x = 0; x < width; x++) {
    for (let y = 0, last = 0; y < height; y++) {
      if (!isInk(y * width + x)) last = y + 1;
      start[y * width + x] = last;
    }
    for (let y = height - 1, last = height; y >= 0; y--) {
      if (!isInk(y * width + x)) last = y;
      end[y * width + x] = last;
    }
  }
  return { start, end };
}

/** The line along a direction that the Hough transform found, measured; or null. */
function traced(data, width, height, runs, angle, distance) {
  const [cosine, sine] = [Math.cos(angle), Math.sin(angle)];
  const seen = new Uint8Array(width);
  const [starts, ends] = [new Int32Array(width), new Int32Array(width)];
  const peaks = new Float64Array(width);
  for (let x = 0; x < width; x++) {
    const row = roundEven((distance - cosine * x) / sine);
    let at = -1;
    for (const near of [row, row - 1, row + 1]) {
      const k = clip(near, 0, height - 1) * width + x;
      peaks[x] = Math.max(peaks[x], data[k]);
      if (at < 0 && data[k] > LEAST_DARKNESS) at = k;
    }
    if (at < 0) continue;
    seen[x] = 1;
    [starts[x], ends[x]] = [runs.start[at], runs.end[at]];
  }
  const there = [...seen.keys()].filter((x) => seen[x]);
  if (there.length / width < 0.6) return null;
  const usual = median(there.map((x) => ends[x] - starts[x]));
  const plain = there.filter((x) => Math.abs(ends[x] - starts[x] - usual) <= 1.5);
  if (plain.length < 0.4 * width || usual > Math.max(3, WIDEST * width) + 1) return null;
  const [first, last] = [there[0], there[there.length - 1]];
  if (there.length / (last - first + 1) < LEAST_SEEN) return null;
  const weights = [];
  const centres = [];
  for (const x of plain) {
    const { weight, moment } = weighed(data, width, x, starts[x], ends[x]);
    weights.push(weight);
    centres.push(moment / weight);
  }
  const { slope, offset } = straight(plain, centres);
  // Other lines of the frame may cross it near its ends.
  const margin = Math.ceil(ZONE * width);
  const inner = (all) => all.filter((x) => x >= margin && x < width - margin).length;
  const weight = median(weights);
  return {
    offset,
    slope,
    weight,
    width: weight / median(plain.map((x) => peaks[x])),
    reach: usual,
    bend: deviation(centres.map((centre, k) => centre - offset - slope * plain[k])),
    unsteady: deviation(weights) / weight,
    touched: 1 - inner(plain) / Math.max(1, inner(there)),
    first,
    last: last + 1,
    length: width,
  };
}

/**
 * The darkness down a part of a column, and its moment around row 0: differences of
 * sums from row 0 on, of which the first have 32 bits.
 */
function weighed(data, width, x, start, end) {
  let [whole, moments, weight, moment] = [0, 0, 0, 0];
  for (let y = 0; y < end; y++) {
    if (y === start) [weight, moment] = [whole, moments];
    whole = Math.fround(whole + data[y * width + x]);
    moments += data[y * width + x] * (y + 0.5);
  }
  return { weight: Math.fround(whole - weight), moment: moments - moment };
}

/** The straight line that fits best. */
function straight(x, y) {
  const n = x.length;
  const [middleX, middleY] = [x.reduce((a, b) => a + b) / n, y.reduce((a, b) => a + b) / n];
  let [across, along] = [0, 0];
  x.forEach((value, k) => {
    across += (value - middleX) * (y[k] - middleY);
    along += (value - middleX) ** 2;
  });
  const slope = across / along;
  return { slope, offset: middleY - slope * middleX };
}
