/** The written text: the characters, where they stand, and the paper they stand on. */

import { graphemes, isSpace } from "../engine/text.js";
import { byId, chosen } from "./dom.js";
import { Glyph } from "./glyph.js";
import { Layout, linesOf } from "./layout.js";
import { Paper, PITCH } from "./paper.js";
import { Pen } from "./pen.js";

// Sides of cells in CSS pixels, for texts of at most so many characters.
const CELLS = [
  [12, 92],
  [40, 68],
  [160, 54],
  [Infinity, 42],
];
// Length of lines that run down, in CSS pixels, and the fewest cells of any line.
const COLUMN = 540;
const FEWEST = 5;
// Width that the paper has while the other tab is in front.
const UNSEEN = 320;
// What of a line is no cell: the room for a mark that hangs, and the margins.
const MARGINS = 1.5;

export class Sheet {
  constructor() {
    this.scroller = byId("paper");
    this.paper = new Paper(byId("blocks"), this.scroller);
    this.pen = new Pen(this.paper, byId("pen-tip"));
    this.#empty("");
    this.#begin();
    let width = this.#width;
    new ResizeObserver(() => {
      if (this.#width === width) return;
      width = this.#width;
      this.arrange();
    }).observe(this.scroller);
  }

  /**
   * Takes new paper for a text.
   *
   * @param {string} text
   * @returns {string[]} its characters, blank ones too
   */
  begin(text) {
    this.#empty(text);
    this.#begin();
    byId("sheet").setAttribute("aria-label", text);
    return this.characters;
  }

  /** @param {import("../engine/client.js").Written} written  the next in order */
  add({ index, lines, fault }) {
    this.#skipTo(index);
    this.next = index + 1;
    if (fault !== null) {
      this.faults.set(index, fault);
      return;
    }
    this.lines.set(index, lines);
    this.pen.write(this.#compose(index));
  }

  /** Cuts the paper to what was written. */
  end() {
    this.complete = true;
    this.#skipTo(this.next);
    this.paper.shrink(this.layout.line + 1);
  }

  /** Lays out what was written in the present width, direction and pen. */
  arrange() {
    this.#begin();
    for (let index = 0; index < this.next; index++) {
      this.#skipTo(index);
      if (this.lines.has(index)) this.paper.paint(this.#compose(index));
    }
    if (this.complete) this.end();
  }

  /** Writes the text once more with the pen, as it was written. */
  replay() {
    const glyphs = [...this.paper.glyphs.values()];
    for (const glyph of glyphs) glyph.painted = false;
    this.paper.repaint();
    this.pen.stop();
    for (const glyph of glyphs) this.pen.write(glyph);
  }

  #empty(text) {
    this.characters = graphemes(text);
    /** @type {Map<number, import("./ink.js").Line[]>} */
    this.lines = new Map();
    /** @type {Map<number, string>} */
    this.faults = new Map();
    this.next = 0;
    this.complete = false;
  }

  /** What the scroller shows of the paper, in CSS pixels. */
  get #width() {
    const { paddingLeft } = getComputedStyle(this.scroller);
    const width = this.scroller.clientWidth - 2 * Number.parseFloat(paddingLeft);
    return width > 0 ? width : UNSEEN;
  }

  #begin() {
    this.pen.stop();
    const down = chosen("direction") === "vertical";
    const grid = gridOf(this.characters, this.#width, down);
    this.layout = new Layout(grid.length);
    this.placed = 0;
    this.paper.begin(grid);
  }

  /** Gives blank characters before an index their place; what is skipped has none. */
  #skipTo(index) {
    for (; this.placed < index; this.placed++) {
      const character = this.characters[this.placed];
      if (isSpace(character)) this.layout.place(this.placed, character);
    }
  }

  #compose(index) {
    const place = this.layout.place(index, this.characters[index]);
    this.placed = index + 1;
    const pen = /** @type {any} */ (chosen("pen"));
    const glyph = new Glyph(place, this.lines.get(index), pen, this.paper.grid.down);
    this.paper.add(glyph);
    return glyph;
  }
}

/**
 * The lines of a text on paper of a width, see `Paper.begin`. Characters that run down
 * become smaller if all columns then fit on the paper.
 */
function gridOf(characters, width, down) {
  const fitting = CELLS.filter(([most]) => characters.length <= most);
  const grids = fitting.map(([, side]) => {
    const room = down ? COLUMN : width;
    const cells = Math.floor(room / side - MARGINS);
    // On a narrow screen characters become smaller rather than lines very short.
    const length = Math.max(cells, Math.min(FEWEST, characters.length), 1);
    const cell = cells < length ? room / (length + MARGINS) : side;
    return { lines: linesOf(characters, length), length, cell, down };
  });
  const fits = ({ lines, cell }) => !down || lines * cell * PITCH <= width;
  return grids.find(fits) ?? grids[0];
}
