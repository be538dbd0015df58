/** Photos of practice sheets to labelled images, as `prepare_pages` reads them. */

import { SIZE, readCell } from "./cells.js";
import { greysOf } from "./colour.js";
import { InputError } from "./errors.js";
import { KANA, cellsOf, identityOf, layoutsOf } from "./layout.js";
import { flattenPage } from "./rectify.js";

/**
 * Reads the photo of a sheet that `python -m experiments.prepare_pages` made.
 *
 * The sheet carries a checksum of its layout and the number of the page, so the
 * characters that were printed on it must be known.
 * @param {Uint8ClampedArray|Uint8Array} rgba of the photo, row by row, as of a canvas
 * @param {number} width
 * @param {number} height
 * @param {string|import("./layout.js").Layout} [characters] those that the sheet asks
 *   for, in boxes of 14 mm, or its layout, which lies beside the sheet as .json; default:
 *   the kana
 * @returns {{character: string, grey: Uint8Array, width: number, height: number}[]} the
 *   cells in which something is written, in their order; 0 is ink and 255 is paper.
 * @throws {InputError} no sheet can be seen, or another one.
 */
export function readSheet(rgba, width, height, characters = KANA) {
  if (!rgba.length || rgba.length !== 4 * width * height) {
    throw new InputError("pixels", { count: rgba.length, width, height });
  }
  const photo = { data: greysOf(rgba, width, height), width, height };
  const { brightness, identity, page } = flattenPage(photo);
  const known = typeof characters === "string" ? layoutsOf(characters) : [characters];
  const layout = known.find((one) => identityOf(one) === identity);
  if (!layout || page > layout.pages.length) {
    const number = identity.toString(16).padStart(4, "0");
    throw new InputError("otherSheet", { page, number });
  }
  const cells = [];
  for (const cell of cellsOf(layout, page)) {
    const grey = readCell(brightness, cell, layout.box);
    if (grey) cells.push({ character: cell.character, grey, width: SIZE, height: SIZE });
  }
  return cells;
}
