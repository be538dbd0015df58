/**
 * What the pen leaves on the paper: runs of the pen and their outlines.
 *
 * A character's box has the side 1; outlines have UNITS to the side.
 *
 * @typedef {{points: Float32Array, radii: Float32Array}} Line
 * @typedef {[number, number, number]} Dot  x, y and radius, shares of the box
 * @typedef {{dots: Dot[], lengths: number[], start: number, end: number}} Run
 */

export const UNITS = 1000;

/**
 * Pens: the mean radius of the lines, which a brush takes from the hand, and how much of
 * the hand's pressure they show.
 */
export const PENS = {
  ball: { radius: () => 0.018, pressure: 0.6 },
  felt: { radius: () => 0.034, pressure: 0.4 },
  brush: { radius: (mean) => 1.5 * mean, pressure: 3.2 },
};

// A line turns by more than this at a corner, where outlines are joined roundly.
const CORNER = Math.cos(Math.PI / 3.5);
// A lifted pen is faster than one on the paper by this factor.
const HASTE = 2;
const SAME_PLACE = 1e-4;

/**
 * The runs of a pen, with the times at which they begin and end.
 *
 * @param {Line[]} lines
 * @param {keyof typeof PENS} pen
 * @returns {{runs: Run[], duration: number}} the pen moves one box's side in a unit
 */
export function runsOf(lines, pen) {
  const found = [];
  for (const { points, radii } of lines) {
    let run = null;
    for (let i = 0; i < radii.length; i++) {
      if (!(radii[i] > 0)) {
        run = null;
        continue;
      }
      if (!run) found.push((run = []));
      const [x, y] = [points[2 * i], points[2 * i + 1]];
      const last = run.at(-1);
      const moved = !last || Math.hypot(x - last[0], y - last[1]) > SAME_PLACE;
      if (moved) run.push([x, y, radii[i]]);
    }
  }
  return timed(withPen(found, PENS[pen]));
}

/** @returns {Dot[][]} */
function withPen(runs, { radius, pressure }) {
  const all = runs.flat();
  const mean = all.reduce((sum, dot) => sum + dot[2], 0) / Math.max(all.length, 1);
  const own = radius(mean);
  return runs.map((run) =>
    run.map(([x, y, pressed]) => {
      const wanted = own + pressure * (pressed - mean);
      return /** @type {Dot} */ ([x, y, Math.max(wanted, 0.3 * own)]);
    }),
  );
}

function timed(runs) {
  let time = 0;
  let before = null;
  const result = runs.map((dots) => {
    const lengths = [0];
    for (let i = 1; i < dots.length; i++) {
      lengths.push(lengths[i - 1] + distance(dots[i - 1], dots[i]));
    }
    const start = before ? time + distance(before, dots[0]) / HASTE : 0;
    // A dot takes as long as its width.
    time = start + lengths.at(-1) + 2 * dots[0][2];
    before = dots.at(-1);
    return { dots, lengths, start, end: time };
  });
  return { runs: result, duration: time };
}

/**
 * What of a run is on the paper at a time.
 *
 * @param {Run} run
 * @param {number} time
 * @returns {Dot[]} empty before the run begins
 */
export function written({ dots, lengths, start, end }, time) {
  if (time >= end) return dots;
  if (time < start) return [];
  const way = ((time - start) / (end - start)) * lengths.at(-1);
  const next = lengths.findIndex((length) => length > way);
  if (next < 1) return dots.slice(0, 1);
  const share = (way - lengths[next - 1]) / (lengths[next] - lengths[next - 1]);
  const between = dots[next].map((value, axis) => {
    const from = dots[next - 1][axis];
    return from + share * (value - from);
  });
  return [...dots.slice(0, next), /** @type {Dot} */ (between)];
}

/**
 * The outline of a run, the attribute `d` of an SVG path, filled by the nonzero rule.
 *
 * @param {Dot[]} dots
 */
export function outline(dots) {
  return cornerPieces(dots).map(pieceOutline).join("");
}

function distance(a, b) {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}

/** The pieces between corners; the outline of each has round ends. */
function cornerPieces(dots) {
  const pieces = [];
  let first = 0;
  for (let i = 1; i < dots.length - 1; i++) {
    const [ax, ay] = direction(dots[i - 1], dots[i]);
    const [bx, by] = direction(dots[i], dots[i + 1]);
    if (ax * bx + ay * by < CORNER) {
      pieces.push(dots.slice(first, i + 1));
      first = i;
    }
  }
  pieces.push(dots.slice(first));
  return pieces;
}

function direction(a, b) {
  const length = distance(a, b) || 1;
  return [(b[0] - a[0]) / length, (b[1] - a[1]) / length];
}

const number = (value) => Math.round(value * UNITS);

function pieceOutline(dots) {
  if (!dots.length) return "";
  if (dots.length === 1) {
    const [x, y, r] = dots[0];
    const half = `a${number(r)} ${number(r)} 0 0 1 `;
    const width = 2 * number(r);
    return `M${number(x - r)} ${number(y)}${half}${width} 0${half}${-width} 0Z`;
  }
  const [left, right] = [[], []];
  dots.forEach(([x, y, r], i) => {
    const around = [dots[Math.max(i - 1, 0)], dots[Math.min(i + 1, dots.length - 1)]];
    const [dx, dy] = direction(...around);
    left.push([number(x + dy * r), number(y - dx * r)]);
    right.push([number(x - dy * r), number(y + dx * r)]);
  });
  right.reverse();
  const cap = (dot, to) => `A${number(dot[2])} ${number(dot[2])} 0 0 1 ${to.join(" ")}`;
  const there = `M${left[0].join(" ")}${curve(left)}${cap(dots.at(-1), right[0])}`;
  return `${there}${curve(right)}${cap(dots[0], left[0])}Z`;
}

/** A smooth line from the first of the points, where the pen is, to the last. */
function curve(points) {
  let data = "";
  for (let i = 1; i < points.length - 1; i++) {
    const [[x, y], [nextX, nextY]] = [points[i], points[i + 1]];
    data += `Q${x} ${y} ${Math.round((x + nextX) / 2)} ${Math.round((y + nextY) / 2)}`;
  }
  return `${data}L${points.at(-1).join(" ")}`;
}
