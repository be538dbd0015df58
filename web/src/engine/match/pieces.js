/**
 * What the cheapest groups leave over: pieces of strokes, and strokes drawn twice.
 *
 * A short stroke costs less alone than in a group, where it makes the whole line dearer.
 * So people's touches, hooks and corrections are left over, though they belong to a line
 * beside them.
 */

import { concatenated, countOf, lengthOf, meanDistance } from "../curves.js";
import { affineMap, lineOf, mapped, runs } from "./groups.js";

// See `sources/online/pieces.py` of the package for these shares of the box.
const UPON = 0.05;
const SPECK = 0.04;
const GAP = 0.12;
const GAP_BETTER = 0.25;
const WORSE_SHARE = 0.5;
const SHORT = 0.3;
const WORSE = 0.05;
const WORSE_TEMPLATE = 0.03;
const SPACING = 0.01;

/**
 * Adds to groups what is left over and belongs to their lines.
 * @param {import("./groups.js").Group[]} given
 * @returns {[import("./groups.js").Group[], Set<number>]} the groups, and the sample's
 *   strokes that are specks or were drawn upon others
 */
export function absorbed(given, template, sample) {
  const groups = [...given];
  const ignored = new Set();
  if (!groups.length) return [groups, ignored];
  for (const i of leftOver(template, groups.map((group) => group.template))) {
    put(groups, i, template, sample, "template", WORSE_TEMPLATE);
  }
  for (const i of leftOver(sample, groups.map((group) => group.sample))) {
    const length = lengthOf(sample[i]);
    const worse = length < SHORT ? WORSE_SHARE * length : WORSE;
    const used = groups.flatMap((group) => group.sample.map(([j]) => sample[j]));
    if (length < SPECK || isUpon(sample[i], used)) ignored.add(i);
    else put(groups, i, template, sample, "sample", worse);
  }
  return [groups, ignored];
}

/** Indices of strokes in no line, the longest first. */
function leftOver(strokes, lines) {
  const used = new Set(lines.flatMap((parts) => parts.map(([i]) => i)));
  const others = strokes.map((_, i) => i).filter((i) => !used.has(i));
  const lengths = strokes.map(lengthOf);
  return others.sort((a, b) => lengths[b] - lengths[a]);
}

function isUpon(stroke, others) {
  const points = concatenated(others.map(dense));
  const own = dense(stroke);
  for (let i = 0; i < own.length; i += 2) {
    let nearest = Infinity;
    for (let j = 0; j < points.length; j += 2) {
      nearest = Math.min(nearest, Math.hypot(own[i] - points[j], own[i + 1] - points[j + 1]));
    }
    if (!(nearest < UPON)) return false;
  }
  return true;
}

/** Points along a stroke that are close to each other. */
function dense(stroke) {
  const points = [];
  for (let i = 0; i + 1 < countOf(stroke); i++) {
    const [x, y, x1, y1] = stroke.subarray(2 * i, 2 * i + 4);
    const count = Math.max(1, Math.ceil(Math.hypot(x1 - x, y1 - y) / SPACING));
    for (let k = 0; k < count; k++) {
      points.push(x + (k / count) * (x1 - x), y + (k / count) * (y1 - y));
    }
  }
  return Float64Array.from([...points, ...stroke.slice(-2)]);
}

/** Puts a stroke into the line that it makes least worse, if it may. */
function put(groups, i, template, sample, side, worse) {
  const strokes = { template, sample }[side];
  const lines = {
    template: groups.map((group) => lineOf(template, group.template)),
    sample: groups.map((group) => lineOf(sample, group.sample)),
  };
  const before = misfit(lines.template, lines.sample);
  let found = null;
  groups.forEach((group, number) => {
    const parts = group[side];
    const line = lines[side][number];
    for (let place = 0; place <= parts.length; place++) {
      for (const reverse of [false, true]) {
        const longer = parts.toSpliced(place, 0, [i, reverse]);
        const gap = gapOf(strokes, longer);
        if (gap > GAP_BETTER) continue;
        lines[side][number] = lineOf(strokes, longer);
        const growth = misfit(lines.template, lines.sample) - before;
        const allowed = gap < GAP ? worse : 0;
        if (growth < Math.min(allowed, found?.growth ?? Infinity)) {
          found = { growth, number, longer };
        }
      }
    }
    lines[side][number] = line;
  });
  if (found) groups[found.number] = { ...groups[found.number], [side]: found.longer };
}

/** The sum of the mean distances of lines, laid upon each other. */
function misfit(wanted, written) {
  const matrix = affineMap(concatenated(written), concatenated(wanted));
  return written.reduce((sum, line, i) => sum + meanDistance(mapped(line, matrix), wanted[i]), 0);
}

/** The greatest distance between strokes that follow each other in a line. */
function gapOf(strokes, parts) {
  const lines = runs(strokes, parts);
  let largest = 0;
  for (let k = 1; k < lines.length; k++) {
    const [x, y] = lines[k - 1].slice(-2);
    largest = Math.max(largest, Math.hypot(lines[k][0] - x, lines[k][1] - y));
  }
  return largest;
}
