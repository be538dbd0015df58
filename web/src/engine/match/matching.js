/**
 * Which strokes of a sample are which strokes of KanjiVG.
 *
 * People write strokes in another order or direction, two as one, or one as two. A match
 * is a set of groups: some strokes of KanjiVG, written as some strokes of the sample, of
 * which one side has a single stroke. `sources/online/matching.py` of the package is the
 * same and tells what the numbers mean.
 *
 * @typedef {{groups: import("./groups.js").Group[], leftOut: number[], added: number[],
 *   ignored: number[]}} Match
 *   leftOut: the template's strokes that the sample lacks; added: the sample's that the
 *   template lacks; ignored: the sample's that are specks, or drawn upon others
 */

import { boxOf, lengthOf, meanDistance, reversed } from "../curves.js";
import { assigned } from "./assignment.js";
import { cheapestCover } from "./cover.js";
import { affineMap, groupOf, linesOf, mapped, pairedPoints } from "./groups.js";
import { absorbed } from "./pieces.js";

const MOST = 4;
const GAP = 0.2;
const NEAREST = 3;
const ALONE = 1.0;
const LEAST_ALONE = 0.05;
const JOINED = 0.02;
const BACKWARDS = 0.1;
const NEAR = 0.1;
const SURE = 0.12;
const ROUNDS = 2;

/**
 * @param {Float64Array[]} template  in writing order
 * @param {Float64Array[]} sample  in any unit
 * @returns {Match} distances are measured after the sample was laid upon the template
 */
export function matchStrokes(template, sample) {
  const wanted = boxed(template);
  let written = boxed(sample);
  let groups;
  let before = "";
  for (let round = 0; round <= ROUNDS; round++) {
    groups = oneToOne(wanted, written) ?? cheapest(wanted, written);
    const parts = JSON.stringify(groups.map((group) => [group.template, group.sample]));
    if (!groups.length || parts === before) break;
    written = moved(wanted, written, groups);
    before = parts;
  }
  const [whole, ignored] = absorbed(groups, wanted, written);
  if (whole.length) written = moved(wanted, written, whole);
  const measured = whole.map((g) => groupOf(wanted, written, g.template, g.sample));
  const numbers = (side) => new Set(measured.flatMap((g) => g[side].map(([i]) => i)));
  const [matched, used] = [numbers("template"), numbers("sample")];
  return {
    groups: measured.sort((a, b) => inOrder(a.template, b.template)),
    leftOut: template.map((_, i) => i).filter((i) => !matched.has(i)),
    added: sample.map((_, i) => i).filter((i) => !used.has(i) && !ignored.has(i)),
    ignored: [...ignored].sort((a, b) => a - b),
  };
}

/** No stroke is in two groups, so the first ones tell. */
function inOrder(one, other) {
  return one[0][0] - other[0][0];
}

/** Strokes moved and scaled so that the longer side of their box is 1. */
function boxed(strokes) {
  const [left, top, right, bottom] = boxOf(strokes);
  const scale = 1 / Math.max(right - left, bottom - top, 1e-9);
  const [x, y] = [(left + right) / 2, (top + bottom) / 2];
  const map = [[scale, 0], [0, scale], [-x * scale, -y * scale]];
  return strokes.map((stroke) => mapped(stroke, map));
}

/** The sample after the affine map that lays its groups upon the template. */
function moved(template, sample, groups) {
  const [wanted, written] = pairedPoints(template, sample, groups);
  const matrix = affineMap(written, wanted);
  return sample.map((stroke) => mapped(stroke, matrix));
}

/** Groups of single strokes, if all are near enough to be sure; else null. */
function oneToOne(template, sample) {
  if (template.length !== sample.length) return null;
  const chains = template.map((_, i) => [[i, false]]);
  const [wanted, written] = [linesOf(template, chains), linesOf(sample, chains)];
  const backwards = written.map(reversed);
  const pairs = wanted.map((line) =>
    written.map((other, j) => {
      const [forward, back] = [other, backwards[j]].map((o) => meanDistance(line, o));
      const reverse = back + BACKWARDS < forward;
      const cost = Math.min(forward, back + BACKWARDS);
      return { cost, reverse, distance: reverse ? back : forward };
    }),
  );
  const groups = assigned(pairs.map((row) => row.map(({ cost }) => cost))).map((j, i) => {
    const { reverse, distance } = pairs[i][j];
    return { template: [[i, false]], sample: [[j, reverse]], distance };
  });
  return groups.every(({ distance }) => distance < SURE) ? groups : null;
}

/** The groups of least cost in which each stroke is once, or is left alone. */
function cheapest(template, sample) {
  const alone = [template, sample].map((strokes) => strokes.map(aloneCost));
  const [own, others] = [chainsOf(template, false), chainsOf(sample, true)];
  const tables = [
    [own.filter((c) => c.length === 1), others],
    [own.filter((c) => c.length > 1), others.filter((c) => c.length === 1)],
  ];
  const groups = [];
  const costs = [];
  for (const [first, second] of tables) {
    const [wanted, written] = [linesOf(template, first), linesOf(sample, second)];
    // A group dearer than its strokes alone is in no cheapest cover.
    const [spare, otherSpare] = [first, second].map((chains, side) =>
      chains.map((parts) => parts.reduce((sum, [i]) => sum + alone[side][i], -extra(parts))),
    );
    first.forEach((parts, a) => {
      second.forEach((otherParts, b) => {
        const most = Math.max(parts.length, otherParts.length);
        const limit = spare[a] + otherSpare[b];
        const distance = meanDistance(wanted[a], written[b], limit / most);
        // That strokes were joined is believed only where the line is near.
        const cost = distance * most * (most > 1 ? 1 + distance / NEAR : 1);
        if (!(cost < limit)) return;
        groups.push({ template: parts, sample: otherParts, distance });
        costs.push(cost + extra(parts) + extra(otherParts));
      });
    });
  }
  const rows = groups.map((group) => [
    ...group.template.map(([i]) => i),
    ...group.sample.map(([i]) => template.length + i),
  ]);
  return cheapestCover(rows, costs, alone.flat()).map((k) => groups[k]);
}

/** What a line costs beside its distance. */
function extra(parts) {
  const backwards = parts.filter(([, reverse]) => reverse).length;
  return BACKWARDS * backwards + JOINED * (parts.length - 1);
}

/** What a stroke costs that is in no group. */
function aloneCost(stroke) {
  return Math.max(ALONE * lengthOf(stroke), LEAST_ALONE);
}

/** All lines of up to `MOST` strokes; single ones run backwards only if they may. */
function chainsOf(strokes, backwards) {
  const singles = partsOf(strokes).map((part) => [part]);
  const chains = singles.filter(([[, reverse]]) => backwards || !reverse);
  const followers = followersOf(strokes);
  let longer = singles;
  for (let count = 1; count < MOST; count++) {
    longer = longer.flatMap((chain) =>
      followers
        .get(chain.at(-1).join())
        .filter(([i]) => chain.every(([used]) => used !== i))
        .map((part) => [...chain, part]),
    );
    chains.push(...longer);
  }
  return chains;
}

function partsOf(strokes) {
  return strokes.flatMap((_, i) => [[i, false], [i, true]]);
}

/** The parts that may follow each part in a line. */
function followersOf(strokes) {
  const parts = partsOf(strokes);
  const end = ([i, reverse], atStart) =>
    strokes[i].slice(...(reverse === atStart ? [-2] : [0, 2]));
  const followers = new Map();
  for (const part of parts) {
    const [x, y] = end(part, false);
    const gaps = parts.map((other) => {
      const [x1, y1] = end(other, true);
      return Math.hypot(x - x1, y - y1);
    });
    const near = parts.map((_, k) => k).sort((a, b) => gaps[a] - gaps[b]);
    const found = near
      .filter((k) => parts[k][0] !== part[0])
      .slice(0, NEAREST)
      .filter((k) => gaps[k] < GAP)
      .map((k) => parts[k]);
    const following = parts[2 * (part[0] + 1)];
    if (!part[1] && following && !found.includes(following)) found.push(following);
    followers.set(part.join(), found);
  }
  return followers;
}
