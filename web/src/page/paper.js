/** The paper: blocks of lines, each a canvas that is drawn while it can be seen. */

import { make, sharpContext } from "./dom.js";
import { UNITS } from "./ink.js";

/** From one line to the next, in cells. */
export const PITCH = 1.3;
// Height of a block of lines, or its width if they run down, in CSS pixels.
const BLOCK = 480;

export class Paper {
  /**
   * @param {HTMLElement} root  where the blocks are put
   * @param {HTMLElement} scroller  through which the root is seen
   */
  constructor(root, scroller) {
    this.root = root;
    this.blocks = [];
    this.glyphs = new Map();
    this.watch = new IntersectionObserver((entries) => this.#seen(entries), {
      root: scroller,
      rootMargin: "50%",
    });
    this.clear();
  }

  clear() {
    this.watch.disconnect();
    this.glyphs.clear();
    this.blocks = [];
    this.root.replaceChildren();
  }

  /**
   * Lays out empty paper.
   *
   * @param {{lines: number, length: number, cell: number, down: boolean}} grid  lines,
   *     their cells, the side of a cell in CSS pixels, and whether lines run down
   */
  begin(grid) {
    this.clear();
    this.grid = grid;
    const pitch = grid.cell * PITCH;
    this.perBlock = Math.max(1, Math.floor(BLOCK / pitch));
    this.root.classList.toggle("down", grid.down);
    for (let first = 0; first < grid.lines; first += this.perBlock) {
      const lines = Math.min(this.perBlock, grid.lines - first);
      const canvas = make("canvas", { width: 0, height: 0 });
      const block = { canvas, glyphs: [], context: null };
      this.#measure(block, lines);
      this.blocks.push(block);
      this.watch.observe(canvas);
    }
    this.root.append(...this.blocks.map((block) => block.canvas));
    // What is above the fold is ready for the pen before the observer reports it.
    if (this.blocks.length) this.#open(this.blocks[0]);
  }

  /** @param {import("./glyph.js").Glyph} glyph */
  add(glyph) {
    this.glyphs.set(glyph.place.index, glyph);
    this.#blockOf(glyph).glyphs.push(glyph);
  }

  /** Leaves away empty lines at the end. */
  shrink(lines) {
    const blocks = Math.ceil(lines / this.perBlock);
    for (const { canvas } of this.blocks.splice(blocks)) canvas.remove();
    const last = this.blocks.at(-1);
    this.grid.lines = lines;
    this.#measure(last, lines - (blocks - 1) * this.perBlock);
    if (last.context) this.#open(last);
  }

  /** Whether what is drawn there can be seen, or nearly so. */
  shows(glyph) {
    return this.#blockOf(glyph).context !== null;
  }

  /** Draws a glyph, if its block can be seen; else it is drawn when that is. */
  paint(glyph) {
    glyph.painted = true;
    const block = this.#blockOf(glyph);
    if (block.context) this.#draw(block, glyph);
  }

  /** Width and height of all lines, in cells. */
  get size() {
    const { lines, length, down } = this.grid;
    const size = [length + 1.5, lines * PITCH];
    return down ? size.reverse() : size;
  }

  /** The upper left corner of a glyph's cell on the whole paper, in cells. */
  cellOf({ place }) {
    return this.#cell(place, place.line, this.grid.lines);
  }

  /** The upper left corner of a glyph's cell within the root, in CSS pixels. */
  corner(glyph) {
    const { canvas } = this.#blockOf(glyph);
    const [x, y] = this.#within(glyph);
    return [canvas.offsetLeft + x, canvas.offsetTop + y];
  }

  /** Draws all again, as after a change of colours. */
  repaint() {
    for (const block of this.blocks) {
      if (block.context) this.#open(block);
    }
  }

  get ink() {
    return getComputedStyle(this.root).color;
  }

  #measure(block, lines) {
    const { cell, length, down } = this.grid;
    // A mark may hang behind the last cell.
    const sides = [(length + 1.5) * cell, lines * cell * PITCH];
    [block.width, block.height] = down ? sides.reverse() : sides;
    block.lines = lines;
    block.canvas.style.width = `${block.width}px`;
    block.canvas.style.height = `${block.height}px`;
  }

  #seen(entries) {
    for (const entry of entries) {
      const block = this.blocks.find((one) => one.canvas === entry.target);
      if (!block) continue;
      if (entry.isIntersecting && !block.context) this.#open(block);
      if (!entry.isIntersecting && block.context) {
        // A canvas without pixels takes no memory.
        block.canvas.width = block.canvas.height = 0;
        block.context = null;
      }
    }
  }

  #open(block) {
    block.context = sharpContext(block.canvas, block.width, block.height);
    block.context.fillStyle = this.ink;
    for (const glyph of block.glyphs) {
      if (glyph.painted) this.#draw(block, glyph);
    }
  }

  #draw({ context }, glyph) {
    const [x, y] = this.#within(glyph);
    context.save();
    context.translate(x, y);
    context.scale(this.grid.cell / UNITS, this.grid.cell / UNITS);
    context.fill(glyph.path);
    context.restore();
  }

  #blockOf({ place }) {
    return this.blocks[Math.floor(place.line / this.perBlock)];
  }

  #within({ place }) {
    const { lines } = this.#blockOf({ place });
    const corner = this.#cell(place, place.line % this.perBlock, lines);
    return corner.map((cells) => cells * this.grid.cell);
  }

  #cell({ position }, line, lines) {
    // Lines that run down follow each other from right to left.
    const across = PITCH * (this.grid.down ? lines - 1 - line : line) + (PITCH - 1) / 2;
    const along = position + 0.25;
    return this.grid.down ? [across, along] : [along, across];
  }
}
