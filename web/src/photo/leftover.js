/** Ink that no stroke covers: it lengthens a stroke, or the pen drew it on its way. */

import {
  distance,
  endOf,
  joined,
  lengthOf,
  pointOf,
  reversed,
  smoothed,
  startOf,
} from "./lines.js";
import { argmost, hypot } from "./numbers.js";

/** @typedef {import("./lines.js").Line} Line */
/** @typedef {import("./skeleton.js").Skeleton} Skeleton */

// Lengths are shares of the side of the image.
// A piece lengthens a stroke whose end is so near.
const NEAR_END = 0.035;
// A turn at the end of a stroke costs so much; a sharp one, by its cosine, more. A piece
// that leads straight back is what the stroke itself missed.
const [TURN, BACK, SHARP, STRAIGHT_BACK] = [0.02, 0.05, -0.2, -0.85];
// A way that leads from stroke to stroke ends so near to both; others to one.
const [NEAR_BOTH, NEAR_ONE] = [0.05, 0.03];
// Costs beside the distances: of a whole way, of a hook or an entry, of ink elsewhere.
const [WHOLE, HOOK, ELSEWHERE] = [-0.03, 0.03, 0.06];
const LONGER = -0.01;
// What is shorter is no hook and no dot, but the rough edge of a line.
const SHORT = 0.03;
// Points from which the direction of an end is measured.
const TIP = 5;

/**
 * The pixels that no stroke covers, as lines, the longest first.
 * @param {Skeleton} skeleton
 * @param {boolean[]} uncovered whether each of its points is
 * @returns {number[][]} at least 2 indices of points each. Where a line meets a covered
 *   point, that is its end.
 */
export function uncoveredPieces(skeleton, uncovered) {
  const left = uncovered.slice();
  const found = [];
  for (let start = left.indexOf(true); start >= 0; start = left.indexOf(true)) {
    const { last: far } = walk(skeleton, start, left);
    const { last, before } = walk(skeleton, far, left);
    const path = [last];
    for (let k = before.get(last); k >= 0; k = before.get(k)) path.push(k);
    for (const k of path) left[k] = false;
    if (path.length < 2) continue;
    const covered = (k) => neighboursOf(skeleton, k).find((near) => !uncovered[near]);
    const first = covered(path[0]);
    if (first !== undefined) path.unshift(first);
    const end = covered(path[path.length - 1]);
    if (end !== undefined) path.push(end);
    found.push(path);
  }
  return found.sort((a, b) => b.length - a.length);
}

function neighboursOf({ neighbours }, k) {
  return Array.from(neighbours.subarray(8 * k, 8 * k + 8)).filter((near) => near >= 0);
}

/** The farthest point from `start`, and the predecessor of each point. */
function walk(skeleton, start, allowed) {
  const { points } = skeleton;
  const before = new Map([[start, -1]]);
  const queue = [start];
  for (const point of queue) {
    const steps = (near) =>
      Math.abs(points[2 * near] - points[2 * point]) +
      Math.abs(points[2 * near + 1] - points[2 * point + 1]);
    // Straight neighbours first: a way round a corner is no shorter.
    const around = neighboursOf(skeleton, point).filter((near) => !before.has(near));
    for (const near of around.sort((a, b) => steps(a) - steps(b))) {
      if (!allowed[near]) continue;
      before.set(near, point);
      queue.push(near);
    }
  }
  return { last: queue[queue.length - 1], before };
}

/** The strokes of a character and what the pen draws between them. */
export class Course {
  /**
   * @param {Line[]} strokes
   * @param {boolean[]} written whether each stroke has ink
   */
  constructor(strokes, written) {
    /** Strokes, lengthened by pieces. */
    this.strokes = strokes.slice();
    this.written = written;
    /** For each of the ways between strokes the pieces that it draws. */
    this.ways = strokes.slice(1).map(() => []);
    /** Length of the pieces that begin and end far from the way's ends. */
    this.strange = 0;
  }

  /**
   * Gives a line to the stroke or the way that draws it most likely.
   * @param {Line} piece
   */
  add(piece) {
    const options = [];
    const consider = (costs, kind, line) => {
      const index = argmost(costs, -1);
      options.push({ cost: costs[index], index, kind, line });
    };
    const backwards = this.strokes.map(reversed);
    for (const line of [piece, reversed(piece)]) {
      consider(this.lengthening(line, backwards), "end", line);
      consider(this.lengthening(reversed(line), this.strokes), "start", line);
      consider(this.drawing(line), "way", line);
    }
    const { cost, index, kind, line } =
      options[argmost(options.map((option) => option.cost), -1)];
    if (cost > ELSEWHERE) this.strange += lengthOf(piece);
    if (cost === Infinity) return; // Nothing draws it.
    if (kind === "way") this.ways[index].push(smoothed(line, 2));
    else {
      const parts = [this.strokes[index], smoothed(line, 1)];
      this.strokes[index] = joined(kind === "end" ? parts : parts.reverse());
    }
  }

  /** Cost of going on from the first point of each stroke, seen backwards. */
  lengthening(line, strokes) {
    const [start, tip] = [startOf(line), tipOf(line)];
    const [x, y] = [tip[0] - start[0], tip[1] - start[1]];
    return strokes.map((stroke, k) => {
      const [end, inner] = [startOf(stroke), tipOf(stroke)];
      const [u, v] = [end[0] - inner[0], end[1] - inner[1]];
      const size = hypot(u, v) * hypot(x, y);
      const cosine = (u * x + v * y) / Math.max(size, 1e-9);
      const gap = distance(start, end);
      const near = this.written[k] && gap < NEAR_END && cosine > STRAIGHT_BACK;
      if (!near) return Infinity;
      return gap + LONGER + TURN * (1 - cosine) + (cosine < SHARP ? BACK : 0);
    });
  }

  /** Cost for each way to draw the line. */
  drawing(line) {
    if (!this.ways.length) return [Infinity];
    const short = lengthOf(line) < SHORT;
    return this.ways.map((_, k) => {
      const [from, to] = [this.strokes[k], this.strokes[k + 1]];
      const [end, start] = [endOf(from), startOf(to)];
      // A join can leave a stroke, or meet one, before its end.
      const leaves = nearestOn(from, startOf(line), half(from), from.length / 2);
      const meets = nearestOn(to, endOf(line), 0, half(to));
      if (Math.max(leaves, meets) < NEAR_BOTH) return (leaves + meets) / 2 + WHOLE;
      if (short) return Infinity;
      const [before, after] = [distance(startOf(line), end), distance(endOf(line), start)];
      const nearer = Math.min(before, after);
      if (nearer < NEAR_ONE) return HOOK + nearer;
      return ELSEWHERE + Math.max(before + after - distance(start, end) / 2, 0);
    });
  }
}

const half = (line) => Math.floor(line.length / 4);

const tipOf = (line) => pointOf(line, Math.min(TIP, line.length / 2 - 1));

/** The distance of a point from the nearest of a line's points from `first` on. */
function nearestOn(line, point, first, end) {
  let least = Infinity;
  for (let k = first; k < end; k++) {
    least = Math.min(least, distance(pointOf(line, k), point));
  }
  return least;
}
