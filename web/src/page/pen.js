/** The pen that writes glyph after glyph on the paper, stroke by stroke. */

import { sharpContext } from "./dom.js";
import { outline, UNITS, written } from "./ink.js";

// Sides of a box a second, and glyphs that may wait before the pen hurries.
const SPEED = 5;
const PATIENCE = 6;
// From this haste on whole glyphs appear; nobody could follow their strokes.
const AT_ONCE = 8;
// Of the pen's own canvas, in cells: ink may leave its box.
const ROOM = 0.5;

export class Pen {
  /**
   * @param {import("./paper.js").Paper} paper
   * @param {HTMLCanvasElement} canvas  lies upon the paper where the pen writes
   */
  constructor(paper, canvas) {
    this.paper = paper;
    this.canvas = canvas;
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
    this.frame = 0;
    this.stop();
  }

  /** Whether it has something left to write. */
  get busy() {
    return this.queue.length > 0;
  }

  /** @param {import("./glyph.js").Glyph} glyph */
  write(glyph) {
    if (this.still.matches) {
      this.paper.paint(glyph);
      return;
    }
    this.queue.push(glyph);
    if (!this.frame) this.#next(performance.now());
  }

  /** Puts all that waits on the paper. */
  finish() {
    for (const glyph of this.queue) this.paper.paint(glyph);
    this.stop();
  }

  /** Forgets all that waits. */
  stop() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.queue = [];
    this.time = 0;
    this.canvas.hidden = true;
  }

  #next(now) {
    this.frame = requestAnimationFrame((then) => this.#move(then - now, then));
  }

  #move(elapsed, now) {
    const haste = Math.max(1, this.queue.length / PATIENCE);
    // A page that was in the background does not catch up.
    this.time += (Math.min(elapsed, 100) / 1000) * SPEED * haste;
    while (this.queue.length && this.#isDone(this.queue[0], haste)) {
      const glyph = this.queue.shift();
      if (this.paper.shows(glyph)) this.time = Math.max(0, this.time - glyph.duration);
      this.paper.paint(glyph);
    }
    if (!this.queue.length) {
      this.stop();
      return;
    }
    this.#draw(this.queue[0], haste);
    this.#next(now);
  }

  #isDone(glyph, haste) {
    return (haste > 1 && !this.paper.shows(glyph)) || this.time >= glyph.duration;
  }

  #draw(glyph, haste) {
    this.canvas.hidden = haste >= AT_ONCE;
    if (this.canvas.hidden) return;
    const { cell } = this.paper.grid;
    const side = cell * (1 + 2 * ROOM);
    const [x, y] = this.paper.corner(glyph);
    this.canvas.style.width = this.canvas.style.height = `${side}px`;
    this.canvas.style.transform = `translate(${x - ROOM * cell}px, ${y - ROOM * cell}px)`;
    const context = sharpContext(this.canvas, side, side);
    context.fillStyle = this.paper.ink;
    context.translate(ROOM * cell, ROOM * cell);
    context.scale(cell / UNITS, cell / UNITS);
    const data = glyph.runs.map((run) => outline(written(run, this.time))).join("");
    context.fill(new Path2D(data));
  }
}
