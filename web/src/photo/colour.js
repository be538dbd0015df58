/** Greys of pictures in colour, in which ink of any colour is told from paper. */

import { argmost, mean, median, percentile, roundEven } from "./numbers.js";

// Pixels that are looked at to choose the greys, at most, about.
const LOOKED_AT = 40_000;
// Difference of the channels from which on a picture is in colour, and the least share
// of such pixels.
const [COLOUR, COLOURED] = [24, 0.002];
// How much more contrast than the luminance a channel has that is taken instead.
const MORE = 1.5;
// Rules: the least difference of their channels and brightness beside the paper's; the
// share of rows and columns that they fill; the least share of coloured pixels in these.
const [VIVID, BRIGHT, FILLED, IN_RULES] = [50, 0.8, 0.4, 0.8];
// Dark ink: its brightness beside the paper's, and its least share of the middle.
const [DARK, LEAST_INK] = [0.55, 0.005];

/**
 * Greys of a picture, as Python's `read_image` has them.
 *
 * They are its luminance. If one channel has much more contrast between ink and paper,
 * as with yellow or light blue ink, they are that channel. If ink is dark and all bright
 * colours are in rules along rows and columns, these vanish. What is transparent is
 * white paper.
 * @param {Uint8ClampedArray|Uint8Array} rgba row by row, as of a canvas
 * @param {number} width
 * @param {number} height
 * @returns {Uint8Array} width x height
 */
export function greysOf(rgba, width, height) {
  const colours = onWhite(rgba);
  const count = width * height;
  const greys = (of) => Uint8Array.from({ length: count }, (_, k) => of(4 * k));
  const luminance = () => {
    const result = new Uint8Array(count);
    for (let k = 0, at = 0; k < count; k++, at += 4) {
      const sum = colours[at] * 19595 + colours[at + 1] * 38470 + colours[at + 2] * 7471;
      result[k] = (sum + 0x8000) >> 16;
    }
    return result;
  };
  const seen = someOf(colours, width, height);
  if (mean(seen.spread.map((s) => (s > COLOUR ? 1 : 0))) < COLOURED) return luminance();
  const paper = [0, 1, 2].map((c) => median(seen.channels[c]));
  if (hasRules(seen, paper)) {
    return greys((at) => Math.max(colours[at], colours[at + 1], colours[at + 2]));
  }
  const distance = seen.spread.map((_, k) => {
    return Math.max(...[0, 1, 2].map((c) => Math.abs(seen.channels[c][k] - paper[c])));
  });
  const least = 0.6 * Math.max(percentile(distance, 99.5), 1);
  const ink = [0, 1, 2].map((c) => {
    return median(seen.channels[c].filter((_, k) => distance[k] >= least));
  });
  const contrasts = paper.map((value, c) => Math.abs(value - ink[c]));
  const usual = [0.299, 0.587, 0.114].reduce((sum, share, c) => {
    return sum + share * (paper[c] - ink[c]);
  }, 0);
  const channel = argmost(contrasts);
  if (contrasts[channel] < MORE * Math.abs(usual)) return luminance();
  return greys((at) => colours[at + channel]);
}

/** The picture itself if nothing in it is transparent. */
function onWhite(rgba) {
  let opaque = true;
  for (let at = 3; at < rgba.length && opaque; at += 4) opaque = rgba[at] === 255;
  if (opaque) return rgba;
  return rgba.map((value, at) => {
    return at % 4 === 3 ? 255 : 255 + roundEven(((value - 255) * rgba[at | 3]) / 255);
  });
}

/** Some of the pixels, evenly: their channels, and the differences of these. */
function someOf(colours, width, height) {
  const step = Math.max(1, roundEven(Math.sqrt((width * height) / LOOKED_AT)));
  const [across, down] = [Math.ceil(width / step), Math.ceil(height / step)];
  const channels = [0, 1, 2].map(() => new Float64Array(across * down));
  const spread = new Float64Array(across * down);
  const brightest = new Float64Array(across * down);
  for (let y = 0, k = 0; y < down; y++) {
    for (let x = 0; x < across; x++, k++) {
      const at = 4 * (y * step * width + x * step);
      const values = [colours[at], colours[at + 1], colours[at + 2]];
      values.forEach((value, c) => (channels[c][k] = value));
      brightest[k] = Math.max(...values);
      spread[k] = brightest[k] - Math.min(...values);
    }
  }
  return { channels, spread, brightest, width: across, height: down };
}

/** Whether the ink is dark and all that is coloured are rules. */
function hasRules({ spread, brightest, width, height }, paper) {
  const white = Math.max(1, ...paper);
  const coloured = spread.map((s, k) => {
    return s > VIVID && brightest[k] / white > BRIGHT ? 1 : 0;
  });
  if (!coloured.some(Boolean)) return false;
  const [edgeX, edgeY] = [Math.floor(width / 5), Math.floor(height / 5)];
  let [dark, middle] = [0, 0];
  for (let y = edgeY; y < height - edgeY; y++) {
    for (let x = edgeX; x < width - edgeX; x++, middle++) {
      if (brightest[y * width + x] / white < DARK) dark++;
    }
  }
  if (dark / middle < LEAST_INK) return false;
  // A rule that is turned a little goes through some rows.
  const shares = (lines, size, line, next) => {
    return Array.from({ length: lines }, (_, k) => {
      let filled = 0;
      for (let i = 0; i < size; i++) {
        const near = [k - 1, k, k + 1].filter((n) => n >= 0 && n < lines);
        if (near.some((n) => coloured[n * line + i * next])) filled++;
      }
      return filled / size >= FILLED;
    });
  };
  const rows = shares(height, width, width, 1);
  const columns = shares(width, height, 1, width);
  let [inRules, all] = [0, 0];
  coloured.forEach((is, k) => {
    if (!is) return;
    all++;
    if (rows[Math.floor(k / width)] || columns[k % width]) inRules++;
  });
  return inRules >= IN_RULES * all;
}
