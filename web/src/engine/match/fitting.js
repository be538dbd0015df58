/** The track of a drawn character, whose strokes were matched to KanjiVG's. */

import { concatenated, lengthsOf, resample, reversed, slice } from "../curves.js";
import { InputError } from "../../photo/errors.js";
import { Track } from "../track.js";
import { affineMap, mapped, pairedPoints, runs } from "./groups.js";
import { matchStrokes } from "./matching.js";

// See `sources/online/tracks.py` of the package for these shares of the box.
const GAP = 0.06;
const FARTHEST = 0.15;
const LACKING = 0.4;
const WANTED = 24;
const WRITTEN = 48;

/**
 * The strokes of a sample in the order and direction of KanjiVG's.
 * @param {string} character
 * @param {Float64Array[]} template  its strokes
 * @param {Float64Array[]} sample  in any unit
 * @param {{radius: number, points: number}} options  radius: half the pen's width
 * @returns {Track}
 */
export function matchedTrack(character, template, sample, { radius, points }) {
  const match = matchStrokes(template, sample);
  check(match, template);
  const written = upon(template, sample, match.groups);
  const expected = affineMap(...pairedPoints(template, written, match.groups));
  const lines = template.map((stroke) => resample(mapped(stroke, expected), points));
  const radii = lines.map((_, i) =>
    new Float64Array(points).fill(match.leftOut.includes(i) ? 0 : radius),
  );
  const joins = new Map();
  for (const group of match.groups) {
    const line = runs(written, group.sample);
    if (group.template.length > 1) {
      const wanted = runs(template, group.template).map((run) => mapped(run, expected));
      const { pieces, ways } = cut(concatenated(line), wanted, group.template);
      pieces.forEach((piece, i) => (lines[i] = resample(piece, points)));
      ways.forEach((way, i) => joins.set(i, resample(way, points)));
    } else {
      const i = group.template[0][0];
      const whole = joined(line, points);
      lines[i] = whole.line;
      whole.lifted.forEach((lifted, p) => lifted && (radii[i][p] = 0));
    }
  }
  return Track.ofStrokes(character, lines, radii, joins, radius);
}

function check(match, template) {
  const lengths = template.map((stroke) => lengthsOf(stroke).at(-1));
  const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
  if (match.added.length) {
    throw new InputError("foreignStrokes");
  }
  if (sum(match.leftOut.map((i) => lengths[i])) > LACKING * sum(lengths)) {
    throw new InputError("lacksStrokes");
  }
  const distance = sum(match.groups.map((group) => group.distance)) / match.groups.length;
  if (!(distance <= FARTHEST)) throw new InputError("unlike");
}

/** The sample's strokes scaled and moved upon the template. */
function upon(template, sample, groups) {
  const [wanted, written] = pairedPoints(template, sample, groups).map(spreadOf);
  const size = wanted.spread / Math.max(written.spread, 1e-9);
  const shift = [0, 1].map((axis) => wanted.middle[axis] - size * written.middle[axis]);
  return sample.map((stroke) => mapped(stroke, [[size, 0], [0, size], shift]));
}

/** The mean of points, and their deviation. */
function spreadOf(points) {
  const count = points.length / 2;
  const middle = [0, 0];
  points.forEach((value, i) => (middle[i % 2] += value / count));
  let squares = 0;
  points.forEach((value, i) => (squares += (value - middle[i % 2]) ** 2 / count));
  return { middle, spread: Math.sqrt(squares) };
}

/** Strokes written for one, as one line, and which of its points lie in gaps. */
function joined(strokes, points) {
  const whole = concatenated(strokes);
  const lengths = lengthsOf(whole);
  const place = Array.from({ length: points }, (_, i) => (lengths.at(-1) * i) / (points - 1));
  const lifted = new Array(points).fill(false);
  let last = -1;
  for (const stroke of strokes.slice(0, -1)) {
    last += stroke.length / 2;
    const [before, after] = [lengths[last], lengths[last + 1]];
    if (!(after - before > GAP)) continue;
    // Where the points are far apart, the nearest one stands for the gap.
    const middle = (before + after) / 2;
    let nearest = 0;
    place.forEach((at, i) => {
      if (at > before && at < after) lifted[i] = true;
      if (Math.abs(at - middle) < Math.abs(place[nearest] - middle)) nearest = i;
    });
    lifted[nearest] = true;
  }
  return { line: resample(whole, points), lifted };
}

/** Cuts a written line where it passes the ends of the strokes it stands for. */
function cut(line, wanted, parts) {
  const written = resample(line, WRITTEN * wanted.length);
  const ends = endsOf(written, wanted);
  const [pieces, ways] = [new Map(), new Map()];
  for (let k = 0; k + 1 < parts.length; k++) {
    const [[i, back], [j, backToo]] = [parts[k], parts[k + 1]];
    const between = slice(written, ends[k][1], ends[k + 1][0] + 1);
    if (j === i + 1 && !back && !backToo) ways.set(i, between);
    else if (i === j + 1 && back && backToo) ways.set(j, reversed(between));
    else ends[k][1] = ends[k + 1][0] = Math.floor((ends[k][1] + ends[k + 1][0]) / 2);
  }
  parts.forEach(([i, back], k) => {
    const piece = slice(written, ends[k][0], ends[k][1] + 1);
    pieces.set(i, back ? reversed(piece) : piece);
  });
  return { pieces, ways };
}

/**
 * The first and the last written point of each stroke, by dynamic time warping.
 *
 * Reference: Sakoe and Chiba, 1978.
 */
function endsOf(written, wanted) {
  const evenly = concatenated(wanted.map((stroke) => resample(stroke, WANTED)));
  const [rows, columns] = [evenly.length / 2, written.length / 2];
  const total = Array.from({ length: rows }, () => new Float64Array(columns));
  for (let row = 0; row < rows; row++) {
    let least = row ? Infinity : 0;
    for (let column = 0; column < columns; column++) {
      if (row) least = Math.min(least, total[row - 1][column]);
      // The first and the last point belong together.
      const apart = row === 0 ? column > 0 : row === rows - 1 && column < columns - 1;
      const x = evenly[2 * row] - written[2 * column];
      const y = evenly[2 * row + 1] - written[2 * column + 1];
      total[row][column] = apart ? Infinity : least + Math.hypot(x, y);
    }
  }
  const path = new Array(rows);
  path[rows - 1] = columns - 1;
  for (let row = rows - 2; row >= 0; row--) {
    path[row] = 0;
    for (let column = 1; column <= path[row + 1]; column++) {
      if (total[row][column] < total[row][path[row]]) path[row] = column;
    }
  }
  return wanted.map((_, k) => [path[WANTED * k], path[WANTED * (k + 1) - 1]]);
}
