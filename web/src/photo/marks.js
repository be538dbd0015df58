/**
 * Locates a practice sheet in a photo by its corner marks and page code.
 *
 * Points are pixels [x, y] of the photo; pixel centres are whole numbers.
 */

import { closing, gaussian } from "./filters.js";
import { boundsOfPieces, maskOf, pieces } from "./ink.js";
import {
  CODE_BITS,
  CODE_LEFT,
  CODE_TOP,
  MARKS,
  MODULE_HEIGHT,
  MODULE_WIDTH,
  PAGE_WIDTH,
  decodePage,
} from "./layout.js";
import { clip, linspace, mean, roundEven } from "./numbers.js";
import { greyAt, projected, projection } from "./projection.js";
import { reduced } from "./resize.js";

/** @typedef {import("./ink.js").Grid} Grid */

// Longer sides in pixels of the reduced photos to search; the first is mostly enough.
const SEARCH_SIDES = [1600, 3200];
// Largest brightness of print, as a share of the paper around it.
const DARK = Math.fround(0.62);
// Wider than a printed line in the reduced photo, narrower than the desk beside a page.
const CLOSING = 41;
const [SMALLEST_MARK, LARGEST_MARK] = [10, 130];
const [MOST_CANDIDATES, NEIGHBOURS] = [14, 4];
// Distance of the centres of ring and disc, as a share of the ring's size.
const CONCENTRIC = 0.12;
// Largest ratio of sizes that perspective gives the marks of one page.
const SIZE_RATIO = 2.5;
// Displacements to try of the middle of a page's bent upper edge, mm downwards.
const BOWS = [0, 1.5, -1.5, 3, -3];

/**
 * Locates a page in any of the four rotations.
 * @param {Grid} photo greys
 * @returns {{located: {corners: number[][], identity: number, page: number}|null,
 *   marks: number}} `corners` are the centres of the marks, clockwise from the page's
 *   top left; null if marks are missing (fewer than 4) or the code cannot be read.
 */
export function locatePage(photo) {
  let most = 0;
  for (const side of SEARCH_SIDES) {
    const longer = Math.max(photo.width, photo.height);
    const factor = Math.max(1, roundEven(longer / side));
    const relative = relativeBrightness(photo, factor);
    const marks = findMarks(relative);
    for (const points of quadrangles(marks)) {
      const read = readCode(relative, points);
      if (!read) continue;
      const corners = read.corners.map((point) => {
        return point.map((place) => (place + 0.5) * factor - 0.5);
      });
      return { located: { ...read, corners }, marks: 4 };
    }
    most = Math.max(most, marks.length);
    if (factor === 1) break;
  }
  return { located: null, marks: most };
}

/** @param {number[][]} corners @returns millimetres of the page to pixels */
export const toPhoto = (corners) => projection(MARKS, corners);

/** The photo, reduced, as a share of the paper's brightness beside each pixel. */
function relativeBrightness(photo, factor) {
  const small = reduced(photo, factor);
  const smooth = gaussian({ ...small, data: Float32Array.from(small.data) }, 0.7);
  // Unlike a mean, a closing follows the sharp edge of a shadow.
  const paper = closing(smooth, CLOSING).data;
  return { ...smooth, data: smooth.data.map((grey, k) => grey / Math.max(paper[k], 1)) };
}

/** Rings around discs: their middles and diameters. */
function findMarks(relative) {
  const { labels, areas } = pieces(maskOf(relative, (share) => share < DARK));
  const shapes = boundsOfPieces(labels, relative.width, areas.length)
    .slice(1)
    .map((box, k) => {
      const [height, width] = [box.bottom - box.top, box.right - box.left];
      return {
        box,
        size: Math.sqrt(height * width),
        full: areas[k + 1] / (height * width),
        aspect: Math.max(height, width) / Math.min(height, width),
        middle: [(box.left + box.right - 1) / 2, (box.top + box.bottom - 1) / 2],
      };
    })
    .filter(({ aspect }) => aspect < 2.2);
  const rings = shapes.filter(({ size, full }) => {
    return size >= SMALLEST_MARK && size <= LARGEST_MARK && full > 0.15 && full < 0.62;
  });
  const discs = shapes.filter(({ size, full }) => size >= 3 && full > 0.55);
  const found = rings.map((ring) => {
    // Several neighbours of each ring, since specks may be nearer than its disc.
    const near = nearestOf(discs, ring.middle).filter(({ disc }) => {
      return disc.size / ring.size >= 0.26 && disc.size / ring.size <= 0.6;
    });
    return { ring, disc: near[0]?.disc, apart: (near[0]?.apart ?? Infinity) / ring.size };
  });
  return found
    .sort((a, b) => a.apart - b.apart)
    .slice(0, MOST_CANDIDATES)
    .filter(({ apart }) => apart < CONCENTRIC)
    .map(({ ring, disc }) => ({ point: centreOf(relative, disc.box), size: ring.size }));
}

/** The nearest discs of a point, in order. */
function nearestOf(discs, [x, y]) {
  const nearest = [];
  for (const disc of discs) {
    const apart = Math.sqrt((disc.middle[0] - x) ** 2 + (disc.middle[1] - y) ** 2);
    if (nearest.length === NEIGHBOURS && apart >= nearest[NEIGHBOURS - 1].apart) continue;
    nearest.push({ disc, apart });
    nearest.sort((a, b) => a.apart - b.apart);
    nearest.length = Math.min(nearest.length, NEIGHBOURS);
  }
  return nearest;
}

/** Centre of darkness of a disc, with a rim of a pixel. */
function centreOf({ data, width, height }, box) {
  let [sum, x, y] = [0, 0, 0];
  const [bottom, right] = [Math.min(height, box.bottom + 1), Math.min(width, box.right + 1)];
  for (let row = Math.max(0, box.top - 1); row < bottom; row++) {
    for (let column = Math.max(0, box.left - 1); column < right; column++) {
      const dark = clip(1 - data[row * width + column], 0, 1);
      sum += dark;
      x += dark * column;
      y += dark * row;
    }
  }
  return [x / sum, y / sum];
}

/** Groups of four marks that may be a page, clockwise, the largest first. */
function quadrangles(marks) {
  const found = [];
  const count = marks.length;
  for (let a = 0; a < count; a++)
    for (let b = a + 1; b < count; b++)
      for (let c = b + 1; c < count; c++)
        for (let d = c + 1; d < count; d++) {
          const four = quadrangle([marks[a], marks[b], marks[c], marks[d]]);
          if (four) found.push(four);
        }
  return found.sort((a, b) => b.area - a.area).map(({ points }) => points);
}

/** The points of four marks, clockwise, and their area; null if they are no page. */
function quadrangle(four) {
  const sizes = four.map(({ size }) => size);
  if (Math.max(...sizes) > SIZE_RATIO * Math.min(...sizes)) return null;
  const middle = [0, 1].map((axis) => mean(four.map(({ point }) => point[axis])));
  const turn = ([x, y]) => Math.atan2(y - middle[1], x - middle[0]);
  const points = four.map(({ point }) => point).sort((a, b) => turn(a) - turn(b));
  const between = (from, to) => [to[0] - from[0], to[1] - from[1]];
  const across = (a, b) => a[0] * b[1] - a[1] * b[0];
  const sides = points.map((point, k) => between(point, points[(k + 1) % 4]));
  if (sides.some((side, k) => across(side, sides[(k + 1) % 4]) <= 0)) return null;
  const diagonals = [between(points[0], points[2]), between(points[1], points[3])];
  const area = Math.abs(across(...diagonals)) / 2;
  // A page is much larger than its marks.
  return area > (8 * mean(sizes)) ** 2 ? { points, area } : null;
}

/** The corners from the top left of the page, and what its code says; or null. */
function readCode(relative, points) {
  for (const bow of BOWS) {
    for (let turn = 0; turn < 4; turn++) {
      const corners = points.map((_, k) => points[(k + turn) % 4]);
      const code = decodePage(modules(relative, toPhoto(corners), bow));
      if (code) return { corners, ...code };
    }
  }
  return null;
}

/**
 * The modules of the page code, true where black; the middle of the code is `bow` mm
 * lower than on flat paper.
 */
function modules(relative, transform, bow) {
  const inner = linspace(0.25, 0.75, 5);
  const values = Array.from({ length: CODE_BITS }, (_, bit) => {
    let sum = 0;
    for (const across of inner) {
      const x = CODE_LEFT + MODULE_WIDTH * (bit + across);
      const lower = bow * Math.sin((Math.PI * x) / PAGE_WIDTH);
      for (const down of inner) {
        const y = CODE_TOP + MODULE_HEIGHT * down + lower;
        sum += greyAt(relative, ...projected(transform, x, y));
      }
    }
    return sum / inner.length ** 2;
  });
  // Halfway between the darkest and the lightest module.
  const half = (Math.min(...values) + Math.max(...values)) / 2;
  return values.map((value) => value < half);
}
