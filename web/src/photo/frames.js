/**
 * Finding and erasing ruled boxes and lines at the edges of an image.
 *
 * A line is taken for ruled only where it cannot well be a stroke: characters such as
 * 国 have boxes, and 一 is a line.
 */

import { bounds, maskOf, pieces, total } from "./ink.js";
import { percentile, roundEven } from "./numbers.js";
import { LEAST_DARKNESS, isStraight, rowAt, upperLine } from "./ruled.js";
import { thinned } from "./thin.js";

/** @typedef {import("./ink.js").Grid} Grid */
/** @typedef {import("./ruled.js").Line} Line */

// The most that a ruled line may be off a straight one, see `isStraight`.
const [RULED, RULED_PIXELS] = [0.002, 0.2];
// The greatest deviation of a line's weight, as a share of it.
const UNSTEADY = 0.25;
// The weight of a line, which is its width times its darkness, as a share of that of
// the strokes, below which it is no stroke; and that of lines that do not meet.
const [LIGHT, VERY_LIGHT] = [0.6, 0.45];
// The most that one line of a frame may be heavier than another.
const UNEQUAL = 1.6;
// The least side of what a box as heavy as strokes is around, as a share of the image's.
const LEAST_SIDE = 0.25;
// Outlines run straight along rows and columns over this share of the side in print;
// and the share of these in all outlines.
const [PRINTED_RUN, PRINTED] = [0.12, 0.25];
// The greatest angle between opposite or adjacent sides of a box, off parallel and
// right, degrees.
const SKEW = 0.6;
// The share of its length at which ink may touch a line, if nothing else tells it from
// a stroke.
const TOUCHED = 0.06;

/**
 * Erases a ruled box, or ruled lines, around a character.
 * @param {Grid} image greys
 * @returns {{image: Grid, inside: {top: number, bottom: number, left: number,
 *   right: number}|null}} the image itself if it has none; `inside` is null unless all
 *   four sides of a box were found.
 */
export function withoutFrame(image) {
  const { width, height } = image;
  if (Math.min(width, height) < 24) return { image, inside: null };
  const darkness = new Float32Array(image.data.length);
  for (let k = 0; k < darkness.length; k++) {
    darkness[k] = 1 - Math.fround(image.data[k] / 255);
  }
  const whole = { data: darkness, width, height };
  const lines = [0, 1, 2, 3].map((side) => upperLine(turned(whole, side)));
  if (!lines.some(Boolean)) return { image, inside: null };
  const { cleared, within } = erased(whole, lines);
  const dark = cleared.filter((d) => d > LEAST_DARKNESS);
  if (!dark.length) return { image, inside: null };
  const half = percentile(dark, 80) / 2;
  const rest = maskOf({ data: cleared, width, height }, (d) => d > half);
  const length = Math.max(1, total(thinned(rest).data));
  if (!areRuled(lines, total(cleared) / length, total(rest.data) / length, rest)) {
    return { image, inside: null };
  }
  const greys = image.data.map((grey, k) => (cleared[k] === darkness[k] ? grey : 255));
  const inside = lines.every(Boolean) ? insideOf(within, width, height) : null;
  return { image: { data: greys, width, height }, inside };
}

/** The places of an image's pixels when it is turned left `side` times. */
function places({ width, height }, side) {
  const [rows, columns] = side % 2 ? [width, height] : [height, width];
  const place = [
    (row, column) => row * width + column,
    (row, column) => column * width + width - 1 - row,
    (row, column) => (height - 1 - row) * width + width - 1 - column,
    (row, column) => (height - 1 - column) * width + row,
  ][side];
  return { rows, columns, place };
}

/** An image turned left `side` times. */
function turned(grid, side) {
  const { rows, columns, place } = places(grid, side);
  const data = new grid.data.constructor(grid.data.length);
  for (let row = 0, k = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, k++) {
      data[k] = grid.data[place(row, column)];
    }
  }
  return { data, width: columns, height: rows };
}

/**
 * Whether lines are ruled rather than strokes.
 * @param {(Line|null)[]} lines one or none for each side
 * @param {number} weight of the other strokes
 * @param {number} width of the other strokes
 * @param {Grid} rest mask, the ink without the lines
 */
function areRuled(lines, weight, width, rest) {
  const there = lines.filter(Boolean);
  const weights = there.map((line) => line.weight);
  const heaviest = Math.max(...weights);
  // Lines that the edge of the image cuts are lighter than the others.
  const whole = there.filter((line) => line.offset > line.width / 2 + 1);
  const lightest = whole.length ? Math.min(...whole.map((x) => x.weight)) : heaviest;
  if (heaviest > UNEQUAL * lightest) return false;
  if (there.some((line) => line.unsteady > UNSTEADY)) return false;
  const widest = Math.max(...there.map((line) => line.width));
  const thinness = Math.min(heaviest / weight, widest / width);
  const around = [0, 1, 2, 3].map((k) => {
    return [lines[(k + 3) % 4], lines[k], lines[(k + 1) % 4]];
  });
  const reaching = around.every(([before, line, after]) => {
    return !line || reaches(line, before, after);
  });
  const apart = there.every((line) => line.touched <= TOUCHED);
  if (there.length < 4) {
    // Print has thin strokes to the edge, too: the last one of 工, say.
    const corner = around.some(([before, line]) => before && line);
    return thinness <= (corner ? LIGHT : VERY_LIGHT) && apart && reaching;
  }
  if (thinness <= LIGHT) return reaching;
  // As heavy as strokes: a closed box of ruled lines around what a hand wrote.
  const turns = there.map((line) => (Math.atan(line.slope) * 180) / Math.PI);
  return (
    Math.max(...turns) - Math.min(...turns) <= SKEW &&
    apart &&
    there.every((line) => isStraight(line, RULED, RULED_PIXELS)) &&
    around.every(([before, line, after]) => isClosed(line, before, after)) &&
    isMuch(rest) &&
    isHandDrawn(rest)
  );
}

/** Whether ink is a character rather than what is left of a box, or dots. */
function isMuch(ink) {
  if (!total(ink.data)) return false;
  const { top, bottom, left, right } = bounds(ink);
  const side = Math.max(bottom - top, right - left);
  return side >= LEAST_SIDE * Math.max(ink.width, ink.height);
}

/** Whether few outlines of ink run along the rows and columns, as those of print. */
function isHandDrawn(ink) {
  const length = Math.max(3, roundEven(PRINTED_RUN * Math.max(ink.width, ink.height)));
  let [count, along] = [0, 0];
  for (const [step, lines, next, size] of [
    [ink.width, ink.height, 1, ink.width],
    [1, ink.width, ink.width, ink.height],
  ]) {
    for (let line = 1; line < lines; line++) {
      let run = 0;
      for (let k = 0; k <= size; k++) {
        const at = line * step + k * next;
        if (k < size && ink.data[at] !== ink.data[at - step]) run++;
        else {
          count += run;
          if (run >= length) along += run;
          run = 0;
        }
      }
    }
  }
  return along <= PRINTED * count;
}

/** Whether a line goes on to the lines beside it, or to the edges of the image. */
function reaches(line, before, after) {
  // The line before this side is that of the left edge, seen from this one.
  const first = before ? rowAt(before, before.length) : 0;
  const last = line.length - (after ? rowAt(after, 0) : 0);
  const slack = (other) => (other ? 2 + line.width + 0.01 * line.length : 1);
  return line.first <= first + slack(before) && line.last >= last - slack(after);
}

/** Whether a line ends at the lines beside it, or all lines go on to the edges. */
function isClosed(line, before, after) {
  const slack = 1.5 + 0.35 * Math.max(before.width, after.width);
  const start = rowAt(before, before.length) - before.width / 2;
  const end = line.length - (rowAt(after, 0) - after.width / 2);
  const closed = Math.abs(line.first - start) <= slack && Math.abs(line.last - end) <= slack;
  return closed || (line.first <= 1 && line.last >= line.length - 1);
}

/** The darkness without lines and what is beyond them, and what is within them. */
function erased(darkness, lines) {
  const { width, height } = darkness;
  const cleared = darkness.data.slice();
  const within = new Uint8Array(cleared.length).fill(1);
  lines.forEach((line, side) => {
    if (!line) return;
    const { rows, columns, place } = places(darkness, side);
    const reach = line.reach / 2 + 1.5;
    for (let column = 0; column < columns; column++) {
      const band = [];
      let [inner, outer] = [false, false];
      for (let row = 0; row < rows; row++) {
        const below = row + 0.5 - rowAt(line, column);
        const k = place(row, column);
        if (below <= reach) within[k] = 0;
        if (Math.abs(below) <= reach) band.push(k);
        else if (cleared[k] > 0.5) {
          inner ||= below > reach && below <= reach + 2;
          outer ||= below < -reach && below >= -reach - 2;
        }
      }
      // A stroke that crosses the line goes on on both of its sides.
      if (!(inner && outer)) for (const k of band) cleared[k] = 0;
    }
  });
  const ink = maskOf({ data: cleared, width, height }, (d) => d > LEAST_DARKNESS);
  const { labels, areas } = pieces(ink);
  const kept = new Uint8Array(areas.length);
  labels.forEach((label, k) => within[k] && (kept[label] = 1));
  labels.forEach((label, k) => {
    if (label ? !kept[label] : !within[k]) cleared[k] = 0;
  });
  return { cleared, within };
}

/** Bounds of the box as a rectangle that lies within it. */
function insideOf(within, width, height) {
  const [middleX, middleY] = [width >> 1, height >> 1];
  const down = Array.from({ length: height }, (_, y) => within[y * width + middleX]);
  const across = within.slice(middleY * width, (middleY + 1) * width);
  return {
    top: down.indexOf(1),
    bottom: down.lastIndexOf(1) + 1,
    left: across.indexOf(1),
    right: across.lastIndexOf(1) + 1,
  };
}
