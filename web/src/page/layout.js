/**
 * Where the characters of a text stand, one cell each, and how they turn in lines
 * that run down.
 *
 * @typedef {{index: number, character: string, line: number, position: number}} Place
 */

import { isSpace } from "../engine/text.js";

// Marks that may not begin a line; after a full one they hang in the margin.
const HANGING = new Set("、。，．」』）］｝〉》】〕・：；！？…");
const SMALL_KANA = new Set("ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶ");
const CORNER_MARKS = new Set("、。，．");
const ALONG = new Set("～…‥：；＝");
const BRACKET_OR_DASH = /[\p{Ps}\p{Pe}\p{Pd}]/u;

/** Gives the characters of a text their cells, one after the other. */
export class Layout {
  /** @param {number} length  cells of a line; a mark may hang behind the last one */
  constructor(length) {
    this.length = length;
    this.line = 0;
    this.position = 0;
  }

  /**
   * @param {number} index
   * @param {string} character  a line break begins a new line
   * @returns {Place}
   */
  place(index, character) {
    const full = this.position >= this.length;
    const hangs = this.position === this.length && HANGING.has(character);
    // A space at the end of a line needs no room, and does not begin the next.
    const vanishes = full && isSpace(character) && character !== "\n";
    if (character === "\n" || (full && !hangs && !vanishes)) {
      this.line += 1;
      this.position = 0;
    }
    const place = { index, character, line: this.line, position: this.position };
    if (character !== "\n" && !vanishes) this.position += 1;
    return place;
  }
}

/**
 * @param {string[]} characters
 * @param {number} length  see `Layout`
 * @returns {number} lines that they take
 */
export function linesOf(characters, length) {
  const layout = new Layout(length);
  characters.forEach((character, index) => layout.place(index, character));
  return layout.line + 1;
}

/**
 * The runs of a character as lines that run down have it: small kana, 、 and 。 stand
 * to the upper right, brackets and dashes are turned, and ー runs down.
 *
 * @param {string} character
 * @param {import("./ink.js").Run[]} runs
 * @returns {import("./ink.js").Run[]}
 */
export function vertical(character, runs) {
  const dots = runs.flatMap((run) => run.dots);
  const move = dots.length && moveOf(character, dots);
  if (!move) return runs;
  return runs.map((run) => ({ ...run, dots: run.dots.map(move) }));
}

function moveOf(character, dots) {
  if (character === "ー") return ([x, y, r]) => [y, x, r];
  if (ALONG.has(character) || BRACKET_OR_DASH.test(character)) {
    return ([x, y, r]) => [1 - y, x, r];
  }
  const [corner, small] = [CORNER_MARKS.has(character), SMALL_KANA.has(character)];
  if (!corner && !small) return null;
  const [left, right] = [extreme(Math.min, dots, 0, -1), extreme(Math.max, dots, 0, 1)];
  const [top, bottom] = [extreme(Math.min, dots, 1, -1), extreme(Math.max, dots, 1, 1)];
  // A small kana is as far from the right and the upper edge as it was from the lower.
  const moveX = corner ? 1 - left - right : bottom - right;
  const moveY = 1 - bottom - top;
  return ([x, y, r]) => [x + moveX, y + moveY, r];
}

function extreme(choose, dots, axis, side) {
  return choose(...dots.map((dot) => dot[axis] + side * dot[2]));
}
