/** A written text as an SVG picture that is written stroke by stroke. */

import { outline, UNITS } from "../page/ink.js";

// A pen on the paper moves so many sides of a box in a second.
const PACE = 4;
// A little broader than the outline that it uncovers, edges and all.
const BROADER = 2.1;
const STYLE =
  ".pen{animation:pen linear backwards}" +
  "@keyframes pen{from{stroke-dashoffset:1.02}to{stroke-dashoffset:0}}" +
  "@media(prefers-reduced-motion:reduce){.pen{animation:none}}";

/**
 * @typedef {{runs: import("../page/ink.js").Run[], duration: number,
 *   at: [number, number]}} Glyph  at: the left upper corner of its box, in boxes
 */

/**
 * A picture without a script, whose outlines a broad pen uncovers in writing order.
 * Programs that know no animation, and browsers that are asked to reduce motion, show
 * the whole text.
 * @param {Iterable<Glyph>} glyphs  in writing order
 * @param {[number, number]} size  width and height, in boxes
 * @param {{title?: string, seconds?: number | null, ink?: string}} options
 *   seconds: of the whole text; null: as a pen takes
 * @returns {string} an XML document
 */
export function animatedSvg(glyphs, [width, height], options = {}) {
  const { title = "", seconds = null, ink = "#1b1a19" } = options;
  const all = [...glyphs];
  const duration = all.reduce((sum, glyph) => sum + glyph.duration, 0);
  const pace = seconds === null ? 1 / PACE : seconds / Math.max(duration, 1e-9);
  let begin = 0;
  const drawn = all.map((glyph, i) => {
    const [x, y] = glyph.at.map((boxes) => whole(boxes * UNITS));
    const runs = glyph.runs.map((run, k) => animatedRun(run, `g${i}-${k}`, begin, pace));
    begin += glyph.duration;
    return `<g transform="translate(${x} ${y})">${runs.join("")}</g>`;
  });
  const box = [0, 0, width * UNITS, height * UNITS].map(whole).join(" ");
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${box}" color="${escaped(ink)}">` +
    `<title>${escaped(title)}</title><style>${STYLE}</style>${drawn.join("")}</svg>`
  );
}

function animatedRun({ dots, start, end }, name, begin, pace) {
  const points = dots.map(([x, y]) => `${tenth(x * UNITS)},${tenth(y * UNITS)}`);
  // A dot is a line so short that nobody sees it.
  if (dots.length === 1) points.push(`${tenth(dots[0][0] * UNITS + 0.1)},${tenth(dots[0][1] * UNITS)}`);
  const broad = BROADER * UNITS * Math.max(...dots.map((dot) => dot[2]));
  const times = [begin + start, end - start].map((time) => `${(time * pace).toFixed(3)}s`);
  return (
    `<clipPath id="${name}"><path d="${outline(dots)}"/></clipPath>` +
    `<path class="pen" d="M${points.join("L")}" clip-path="url(#${name})" fill="none" ` +
    `stroke="currentColor" stroke-width="${tenth(broad)}" stroke-linecap="round" ` +
    'stroke-linejoin="round" pathLength="1" stroke-dasharray="1 2" ' +
    `style="animation-delay:${times[0]};animation-duration:${times[1]}"/>`
  );
}

const whole = (number) => Math.round(number);
const tenth = (number) => Math.round(10 * number) / 10;

function escaped(text) {
  return text.replace(/[&<>"]/g, (mark) => `&#${mark.charCodeAt(0)};`);
}
