/** Straightens the photo of a practice sheet to a flat, evenly lit page. */

import { refusal } from "../refusals.js";
import { InputError } from "./errors.js";
import { closing, dilated, gaussian } from "./filters.js";
import { edgePixels, maskOf, pieces } from "./ink.js";
import { MARKS, PAGE_HEIGHT, PAGE_WIDTH, TICKS, TICK_SIDE } from "./layout.js";
import { LEAST_CONTRAST, inverse } from "./light.js";
import { locatePage, toPhoto } from "./marks.js";
import { clip, median, percentile, percentiles } from "./numbers.js";
import { greyAt } from "./projection.js";
import { LINEAR, reduced, resized } from "./resize.js";
import { solved } from "./solve.js";

/** @typedef {import("./ink.js").Grid} Grid */

export const PIXELS_PER_MM = 10;
// Reach in mm of the search for a tick around its place, and its resolution.
const [TICK_REACH, TICK_PIXELS_PER_MM] = [3, 8];
const [PASSES, FEWEST_TICKS] = [4, 12];
const SETTLED = 0.3; // mm
// Share of ticks that a thumb leaves visible and a fold does not.
const SHARE_OF_TICKS = 0.8;
const TICK_OUTLIER = 1.2; // mm between the displacements of neighbours
const SMOOTHING = 0.1;
const MESH = 5; // mm
const BACKGROUND_REDUCTION = 8;
// Wider than the box of a blackened cell; narrower shadows look like ink.
const WIDEST_INK = 16; // mm

/**
 * An upright page without shadows, as from a scanner.
 * @param {Grid} photo greys, in any of the four rotations
 * @returns {{brightness: Grid, identity: number, page: number}} `brightness` is 1 on
 *   bare paper, 10 pixels a millimetre.
 * @throws {InputError} the photo is blank, marks are missing, the page code cannot be
 *   read, or the page is bent.
 */
export function flattenPage(photo) {
  const [low, high] = percentiles(everyEighth(photo), [0.1, 99.9]);
  if (high - low < LEAST_CONTRAST) throw new InputError("blankPhoto");
  let { located, marks } = locatePage(photo);
  if (!located) {
    // A scan may be a negative.
    photo = inverse(photo);
    ({ located } = locatePage(photo));
  }
  if (!located) throw complaint(marks);
  const view = viewOf(photo, located.corners);
  const bend = bendOf(view);
  if (!bend) throw new InputError("bent");
  const flat = warped(view, bend);
  const paper = paperOf(flat).data;
  const brightness = { ...flat, data: flat.data.map((grey, k) => grey / paper[k]) };
  return { brightness, identity: located.identity, page: located.page };
}

function everyEighth({ data, width, height }) {
  const some = [];
  for (let y = 0; y < height; y += 8) {
    for (let x = 0; x < width; x += 8) some.push(data[y * width + x]);
  }
  return some;
}

function complaint(marks) {
  if (marks >= 4) return new InputError("noCode");
  const count = refusal(["noMark", "oneMark", "twoMarks", "threeMarks"][marks]);
  return new InputError("fewMarks", { count });
}

/** A photo, smoothed to the resolution of the flat page; `at` has axes in mm. */
function viewOf(photo, corners) {
  const [a, b, c, d, e, f, g, h, i] = toPhoto(corners);
  const side = (points, k) => {
    const [from, to] = [points[k], points[(k + 1) % 4]];
    return Math.hypot(to[0] - from[0], to[1] - from[1]);
  };
  const ratios = MARKS.map((_, k) => side(corners, k) / side(MARKS, k));
  const scale = Math.max(...ratios) / PIXELS_PER_MM;
  const factor = Math.max(1, Math.trunc(scale));
  const small = reduced(photo, factor);
  let pixels = { ...small, data: Float32Array.from(small.data) };
  const blur = (scale / factor - 1) / 2;
  if (blur > 0.1) pixels = gaussian(pixels, blur);
  return (x, y) => {
    const depth = g * x + h * y + i;
    const across = ((a * x + b * y + c) / depth + 0.5) / factor - 0.5;
    const down = ((d * x + e * y + f) / depth + 0.5) / factor - 0.5;
    return greyAt(pixels, across, down);
  };
}

/** Displacements of a mesh from flat paper, x and y in mm; null: too few ticks. */
function bendOf(at) {
  // Later passes expect a tick where its neighbours suggest, beyond its first reach.
  let expected = TICKS.map(() => [0, 0]);
  let displaced = [];
  let spline = null;
  for (let pass = 0; pass < PASSES; pass++) {
    displaced = TICKS.map(([x, y], k) => {
      const [right, down] = expected[k];
      const found = tickAt(at, x + right, y + down);
      return found && [found[0] + right, found[1] + down];
    });
    spline = splineOf(displaced);
    if (!spline) return null;
    const before = expected;
    expected = TICKS.map(([x, y]) => spline(x, y));
    const changes = expected.flatMap(([x, y], k) => [x - before[k][0], y - before[k][1]]);
    if (Math.max(...changes.map(Math.abs)) < SETTLED) break;
  }
  if (displaced.filter(Boolean).length / TICKS.length < SHARE_OF_TICKS) return null;
  const width = Math.ceil(PAGE_WIDTH / MESH) + 1;
  const height = Math.ceil(PAGE_HEIGHT / MESH) + 1;
  const across = new Float32Array(width * height);
  const down = new Float32Array(width * height);
  for (let k = 0; k < across.length; k++) {
    const [x, y] = [(k % width) * MESH, Math.floor(k / width) * MESH];
    [across[k], down[k]] = spline(x, y);
  }
  return [across, down].map((data) => ({ data, width, height }));
}

/** A smooth map from places to displacements (null where unknown), or null. */
function splineOf(displaced) {
  const seen = TICKS.map((tick, k) => ({ tick, by: displaced[k] })).filter(({ by }) => by);
  if (seen.length < FEWEST_TICKS) return null;
  const kept = seen.filter(({ tick, by }) => {
    const far = (other) => Math.hypot(other.tick[0] - tick[0], other.tick[1] - tick[1]);
    const near = seen.slice().sort((a, b) => far(a) - far(b)).slice(0, 5);
    const usual = [0, 1].map((axis) => median(near.map((other) => other.by[axis])));
    const off = [0, 1].map((axis) => Math.abs(by[axis] - usual[axis]));
    return Math.max(...off) < TICK_OUTLIER;
  });
  if (kept.length < FEWEST_TICKS) return null;
  const places = [...kept.map(({ tick }) => tick), ...MARKS];
  const values = [...kept.map(({ by }) => by), ...MARKS.map(() => [0, 0])];
  const size = places.length;
  // A thin plate, and a plane under it.
  const bent = (x, y) => places.map(([u, v]) => plate((x - u) ** 2 + (y - v) ** 2));
  const plane = (x, y) => [1, x / PAGE_WIDTH - 0.5, y / PAGE_HEIGHT - 0.5];
  const rows = places.map(([x, y], k) => {
    const row = Float64Array.from([...bent(x, y), ...plane(x, y), ...values[k]]);
    row[k] += SMOOTHING;
    return row;
  });
  for (let term = 0; term < 3; term++) {
    const row = places.map(([x, y]) => plane(x, y)[term]);
    rows.push(Float64Array.from([...row, 0, 0, 0, 0, 0]));
  }
  const factors = solved(rows);
  return (x, y) => {
    const result = [0, 0];
    const terms = [...bent(x, y), ...plane(x, y)];
    for (let k = 0; k < size + 3; k++) {
      result[0] += terms[k] * factors[k][0];
      result[1] += terms[k] * factors[k][1];
    }
    return result;
  };
}

/** r² log r of r². */
const plate = (squared) => (squared === 0 ? 0 : (squared * Math.log(squared)) / 2);

/** Displacement in mm of the tick expected at (x, y), or null. */
function tickAt(at, x, y) {
  const steps = Math.trunc(TICK_REACH * TICK_PIXELS_PER_MM);
  const side = 2 * steps + 1;
  const window = Float32Array.from({ length: side * side }, (_, k) => {
    const [right, down] = [(k % side) - steps, Math.floor(k / side) - steps];
    return at(x + right / TICK_PIXELS_PER_MM, y + down / TICK_PIXELS_PER_MM);
  });
  const paper = Math.max(percentile(window, 80), 1);
  const dark = window.map((grey) => clip(1 - grey / paper, 0, 1));
  const darkest = dark.reduce((a, b) => Math.max(a, b));
  if (darkest < 0.25) return null;
  const square = { width: side, height: side };
  const ink = maskOf({ data: dark, ...square }, (d) => d > darkest / 2);
  const { labels, areas } = pieces(ink, false);
  const cut = new Set(edgePixels({ data: labels, ...square }));
  const likely = [...areas.keys()].filter((label) => {
    const area = areas[label] / TICK_PIXELS_PER_MM ** 2;
    return area > TICK_SIDE ** 2 * 0.5 && area < TICK_SIDE ** 2 * 1.8 && !cut.has(label);
  });
  if (likely.length !== 1) return null;
  const one = dilated(maskOf({ data: labels, ...square }, (label) => label === likely[0]));
  let [sum, across, down] = [0, 0, 0];
  one.data.forEach((is, k) => {
    if (!is) return;
    sum += dark[k];
    across += dark[k] * (k % side);
    down += dark[k] * Math.floor(k / side);
  });
  return [across / sum - steps, down / sum - steps].map((far) => far / TICK_PIXELS_PER_MM);
}

/** The flat page as greys. */
function warped(at, bend) {
  const [width, height] = [PAGE_WIDTH * PIXELS_PER_MM, PAGE_HEIGHT * PIXELS_PER_MM];
  // Mesh points are pixel centres, every MESH mm from 0 on.
  const part = { start: 0.5, right: PAGE_WIDTH / MESH + 0.5, bottom: PAGE_HEIGHT / MESH + 0.5 };
  const [right, down] = bend.map((mesh) => resized(mesh, width, height, LINEAR, part).data);
  const data = new Float32Array(width * height);
  for (let row = 0, k = 0; row < height; row++) {
    const y = (row + 0.5) / PIXELS_PER_MM;
    for (let column = 0; column < width; column++, k++) {
      data[k] = at((column + 0.5) / PIXELS_PER_MM + right[k], y + down[k]);
    }
  }
  return { data, width, height };
}

/** The brightness of bare paper at each pixel of a page. */
function paperOf(flat) {
  const { width, height } = flat;
  const size = 1 + Math.trunc((WIDEST_INK * PIXELS_PER_MM) / BACKGROUND_REDUCTION);
  // Closing follows the edge of a shadow, and fills handwriting.
  const paper = gaussian(closing(reduced(flat, BACKGROUND_REDUCTION), size), 1);
  const part = {
    start: 0,
    right: width / BACKGROUND_REDUCTION,
    bottom: height / BACKGROUND_REDUCTION,
  };
  const lightest = { ...paper, data: paper.data.map((grey) => Math.max(grey, 1)) };
  return resized(lightest, width, height, LINEAR, part);
}
