/**
 * Photos of practice sheets, and pictures of single characters, to cleaned images and to
 * tracks that show a hand; for the worker.
 */

import { refusal } from "../refusals.js";
import { InputError } from "./errors.js";
import { fitTrack } from "./fit.js";

export { cleanImage } from "./clean.js";
export { InputError } from "./errors.js";
export { greysOf } from "./colour.js";
export { readSheet } from "./sheet.js";

/**
 * @typedef {{character: string, grey: Uint8Array, width: number, height: number}} Sample
 * @typedef {import("./fit.js").Track} Track
 */

/**
 * Fits strokes to images, so that they show a hand.
 * @param {Sample[]} samples
 * @param {(character: string) => Float64Array[]|null} templateOf the strokes of KanjiVG,
 *   each x0, y0, x1, y1, … evenly spaced, best 48 points; null where there are none
 * @param {number} [points] of each line of a track
 * @returns {{tracks: Track[], shown: {character: string, fault: import("../refusals.js").Refusal|null}[]}} the
 *   tracks without a fault, and for each sample why its track is not among them, or null.
 */
export function fitImages(samples, templateOf, points = 24) {
  const tracks = [];
  const shown = samples.map(({ character, grey, width, height }) => {
    const template = templateOf(character);
    if (!template) return { character, fault: refusal("noTemplate", { character }) };
    try {
      const { track, fault } = fitTrack(grey, width, height, character, template, points);
      if (fault === null) tracks.push(track);
      return { character, fault };
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      return { character, fault: error.refusal };
    }
  });
  return { tracks, shown };
}
