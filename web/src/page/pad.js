/** A square to draw one character in, with a mouse, a pen or a finger. */

import { make, sharpContext } from "./dom.js";
import { t } from "./language.js";
import { sentenceOf } from "./problems.js";

// Half the width of the pen, a share of the box, as prepare_strokes has it.
const RADIUS = 0.015;

export class Pad {
  /**
   * @param {{character?: string, changed: () => void}} options  the character that is
   *     asked for, if any, and what is called after each stroke
   */
  constructor({ character = "", changed }) {
    this.character = character;
    this.changed = changed;
    /** @type {number[][][]} strokes of points x, y in the box and milliseconds */
    this.strokes = [];
    this.problem = null;
    this.canvas = make("canvas", { className: "pad-canvas", role: "img" });
    this.undoButton = make("button", { type: "button", className: "quiet" });
    this.clearButton = make("button", { type: "button", className: "quiet" });
    this.note = make("p", { className: "fault" });
    /** Strokes to write after, x and y of points. @type {ArrayLike<number>[]} */
    this.guide = [];
    const square = make("div", { className: "square" }, this.canvas);
    const buttons = make("div", { className: "pad-buttons" });
    buttons.append(this.undoButton, this.clearButton);
    this.element = make("div", { className: "pad" }, square, buttons, this.note);
    this.undoButton.addEventListener("click", () => this.#change(-1));
    this.clearButton.addEventListener("click", () => this.#change(0));
    this.#listen();
    this.translate();
    new ResizeObserver(() => this.repaint()).observe(this.canvas);
  }

  /** Names everything in the language of the page. */
  translate() {
    const { character } = this;
    for (const [button, name] of [
      [this.undoButton, "undo"],
      [this.clearButton, "clear"],
    ]) {
      button.textContent = t(name);
      button.setAttribute("aria-label", `${t(name)} ${character}`.trim());
    }
    this.#describe();
  }

  /** @param {import("./problems.js").Problem | null} problem  why the drawing cannot be used */
  set fault(problem) {
    this.problem = problem;
    this.#describe();
  }

  repaint() {
    const side = this.canvas.clientWidth;
    if (!side) return;
    const context = sharpContext(this.canvas, side, side);
    const style = getComputedStyle(this.canvas);
    context.strokeStyle = style.getPropertyValue("--guide");
    draw(context, side, this.guide.map(pairs), 2 * RADIUS);
    context.strokeStyle = style.color;
    draw(context, side, this.strokes, RADIUS);
  }

  /**
   * What is drawn, as an image without the guide.
   *
   * @param {number} side  in pixels
   * @returns {Uint8Array} side * side, 0 ink, 255 paper
   */
  image(side) {
    const context = new OffscreenCanvas(side, side).getContext("2d");
    draw(context, side, this.strokes, RADIUS);
    const { data } = context.getImageData(0, 0, side, side);
    return Uint8Array.from({ length: side * side }, (_, i) => 255 - data[4 * i + 3]);
  }

  #describe() {
    const drawn = this.character ? "padLabel" : "freePadLabel";
    const values = { character: this.character, count: this.strokes.length };
    this.canvas.setAttribute("aria-label", t(drawn, values));
    this.undoButton.disabled = this.clearButton.disabled = !this.strokes.length;
    this.note.textContent = this.problem ? sentenceOf(this.problem) : "";
  }

  #change(end) {
    this.strokes = end ? this.strokes.slice(0, end) : [];
    this.#changed();
  }

  #changed() {
    this.fault = null;
    this.repaint();
    this.changed();
  }

  #listen() {
    let [active, stroke] = [null, []];
    const point = (event) => {
      const box = this.canvas.getBoundingClientRect();
      const x = (event.clientX - box.left) / box.width;
      const y = (event.clientY - box.top) / box.height;
      const clipped = [x, y].map((value) => Math.min(Math.max(value, 0), 1));
      stroke.push([...clipped, Math.round(event.timeStamp)]);
    };
    this.canvas.addEventListener("pointerdown", (event) => {
      // One finger draws; the second one of two does not.
      if (active !== null || event.button !== 0) return;
      event.preventDefault();
      this.canvas.setPointerCapture(event.pointerId);
      [active, stroke] = [event.pointerId, []];
      this.strokes.push(stroke);
      point(event);
      this.repaint();
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (event.pointerId !== active) return;
      const events = event.getCoalescedEvents?.() ?? [];
      (events.length ? events : [event]).forEach(point);
      this.repaint();
    });
    for (const name of ["pointerup", "pointercancel"]) {
      this.canvas.addEventListener(name, (event) => {
        if (event.pointerId !== active) return;
        active = null;
        // A stroke that the browser took for a scroll was none.
        if (name === "pointercancel") this.strokes.pop();
        this.#changed();
      });
    }
  }
}

/** Draws strokes of a box with the side 1; `radius` is half their width. */
function draw(context, side, strokes, radius) {
  context.lineWidth = 2 * radius * side;
  context.lineCap = context.lineJoin = "round";
  for (const stroke of strokes) {
    context.beginPath();
    stroke.forEach(([x, y]) => context.lineTo(x * side, y * side));
    // A line of one point has no length, and no ink.
    const [x, y] = stroke[0];
    if (stroke.length === 1) context.lineTo(x * side + 0.1, y * side);
    context.stroke();
  }
}

function pairs(numbers) {
  return Array.from({ length: numbers.length / 2 }, (_, i) => [numbers[2 * i], numbers[2 * i + 1]]);
}
