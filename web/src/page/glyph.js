/** A written character on the paper; its outline is made when it is first drawn. */

import { outline, runsOf } from "./ink.js";
import { vertical } from "./layout.js";

export class Glyph {
  /** Whether it is on the paper, and not only to be written. */
  painted = false;
  #written = null;
  #data = "";
  #path = null;

  /**
   * @param {import("./layout.js").Place} place
   * @param {import("./ink.js").Line[]} lines
   * @param {keyof typeof import("./ink.js").PENS} pen
   * @param {boolean} down  whether lines run down
   */
  constructor(place, lines, pen, down) {
    Object.assign(this, { place, lines, pen, down });
  }

  get runs() {
    return this.#ink.runs;
  }

  /** The time that the pen takes, see `runsOf`. */
  get duration() {
    return this.#ink.duration;
  }

  /** The outline as the attribute `d` of an SVG path. */
  get data() {
    return (this.#data ||= this.runs.map((run) => outline(run.dots)).join(""));
  }

  get path() {
    return (this.#path ??= new Path2D(this.data));
  }

  get #ink() {
    if (!this.#written) {
      const ink = runsOf(this.lines, this.pen);
      const runs = this.down ? vertical(this.place.character, ink.runs) : ink.runs;
      this.#written = { ...ink, runs };
    }
    return this.#written;
  }
}
