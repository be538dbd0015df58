/**
 * The engine as the page calls it. All work is done in a module worker (`worker.js`),
 * so the page stays responsive. Every error is an `Error` with a sentence for people;
 * what the engine refuses has the `refusal`, too, which the page tells in its language.
 *
 * Coordinates: a character's box is [0, 1] x [0, 1], x to the right and y down.
 *
 * @typedef {{id: number}} Hand
 * @typedef {{character: string, strokes: number[][][]}} DrawnSample
 *   Strokes of points [x, y] or [x, y, milliseconds] in the box.
 * @typedef {{character: string, points: Float32Array, radii: Float32Array}} FittedTrack
 *   Lines of 24 points one after the other: strokes and the ways between them in turn.
 *   points: 2 * 24 numbers a line, radii: 24 a line, 0 where the pen is lifted.
 * @typedef {{points: Float32Array, radii: Float32Array}} Line
 *   points: x, y of P points; radii: half the width at each, 0 where the pen is lifted.
 * @typedef {{index: number, character: string, lines: Line[], fault: string | null}} Written
 *   `index`: the place in `graphemes(text)` of text.js, which counts spaces, too.
 * @typedef {{character: string, grey: Uint8Array, width: number, height: number}} Cell
 *   an image of one character, 0 ink and 255 paper
 * @typedef {import("../refusals.js").Refusal} Refusal
 * @typedef {{character: string, fault: Refusal | null}} Shown
 * @typedef {{character: string, probability: number}} Reading
 * @typedef {{name: string, loaded: number, total: number}} Progress
 */

import { refusal } from "../refusals.js";

/** What `Engine.write` can change. */
export const DEFAULTS = Object.freeze({
  hand: null, //         Hand; null: the made-up writer of `seed`
  otherHand: null, //    Hand to mix with
  mix: 0, //             0: all `hand`, 1: all `otherHand`
  seed: 0, //            another one writes everything anew
  temperature: 0.5, //   factor on the noise, 0 to 2; lower varies less
  guidance: 1, //        how much the hand counts, 0 to 3; 1 as it was trained
  strength: 1, //        0: the plain template, 1: as written, up to 1.5
  asText: false, //      true: sizes and places as in a text; false: each fills its box
  signal: null, //       AbortSignal
});

export class Engine {
  #worker;
  #waiting = new Map();
  #next = 1;
  #broken = null;

  /** Call `openEngine` instead. @param {Worker} worker */
  constructor(worker) {
    this.#worker = worker;
    worker.onmessage = ({ data }) => this.#take(data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#end(refusal("notStarted"));
    };
  }

  async #open(base, onProgress) {
    const { href } = new URL(base, document.baseURI);
    const folder = href.endsWith("/") ? href : `${href}/`;
    const parts = this.#parts("open", { base: folder });
    let step = await parts.next();
    for (; !step.done; step = await parts.next()) onProgress?.(step.value);
    /** All writable characters, in order. @type {readonly string[]} */
    this.characters = Object.freeze(step.value.characters);
    /** All characters that the reader knows. @type {readonly string[]} */
    this.readable = Object.freeze(step.value.readable);
  }

  /** See `openEngine`. */
  static async open({ base, onProgress }) {
    const script = new URL("worker.js", import.meta.url);
    const engine = new Engine(new Worker(script, { type: "module" }));
    try {
      await engine.#open(base, onProgress);
    } catch (error) {
      engine.close();
      throw error;
    }
    return engine;
  }

  /**
   * A hand from drawn characters; the strokes may be in another order, direction or
   * number than KanjiVG's. Throws if none can be used.
   * @param {DrawnSample[]} samples
   * @returns {Promise<{id: number, shown: Shown[]}>}
   */
  handOfStrokes(samples) {
    return this.#call("handOfStrokes", { samples });
  }

  /**
   * A hand from tracks as the photo module fits them.
   * @param {FittedTrack[]} tracks
   * @returns {Promise<{id: number, shown: Shown[]}>}
   */
  handOfTracks(tracks) {
    return this.#call("handOfTracks", { tracks });
  }

  /**
   * A hand from images of characters, to which strokes are fitted.
   * @param {Cell[]} cells
   * @returns {Promise<{id: number, shown: Shown[]}>}
   */
  handOfImages(cells) {
    return this.#call("handOfImages", { cells });
  }

  /**
   * The cells of the photo of a practice sheet in which something is written.
   * @param {ImageData} photo
   * @returns {Promise<{character: string, image: Omit<Cell, "character">}[]>}
   */
  readSheet({ data, width, height }) {
    return this.#call("readSheet", { data, width, height });
  }

  /**
   * A made-up writer.
   * @param {number} seed  a whole number of 0 or more
   * @returns {Promise<Hand>}
   */
  newHand(seed) {
    return this.#call("newHand", { seed });
  }

  /**
   * The strokes of KanjiVG of a writable character, x and y of evenly spaced points.
   * @param {string} character
   * @returns {Promise<Float64Array[]>}
   */
  strokes(character, count = 48) {
    return this.#call("strokes", { character, count });
  }

  /**
   * Writes a text character by character, in its order. Characters that cannot be
   * written come with a fault and no lines; spaces and line breaks do not come.
   * @param {string} text
   * @param {Partial<typeof DEFAULTS>} options
   * @returns {AsyncGenerator<Written>}
   */
  write(text, options = {}) {
    const { signal, ...given } = { ...DEFAULTS, ...options };
    return this.#parts("write", { text, options: given }, signal);
  }

  /**
   * Draws lines as the Python package does.
   * @param {Line[]} lines
   * @param {number} size  side in pixels
   * @param {{character?: string, margin?: number, fill?: boolean}} options
   *   character: small kana and punctuation keep their place; margin: 0.08 of the side
   *   by default; fill: false draws the box [0, 1] as it is
   * @returns {Promise<Uint8Array>}  size * size, 0 ink, 255 paper
   */
  draw(lines, size, options = {}) {
    return this.#call("draw", { lines, size, options });
  }

  /**
   * The five likeliest characters of an image.
   * @param {Uint8Array} grey  width * height, 0 ink, 255 paper
   * @param {{among?: string | string[], cleaned?: boolean}} options
   *   among: the only answers; cleaned: the image is as `cleanImage` returns it
   * @returns {Promise<Reading[]>}
   */
  read(grey, width, height, options = {}) {
    return this.#call("read", { grey, width, height, options });
  }

  /** Ends the worker. */
  close() {
    this.#worker.terminate();
    this.#end(refusal("closed"));
  }

  #end(error) {
    this.#broken ??= error;
    for (const id of [...this.#waiting.keys()]) this.#take({ id, error });
  }

  #take({ id, part, result, error }) {
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    if (part !== undefined) waiting.parts.push(part);
    else {
      this.#waiting.delete(id);
      waiting.end = error === undefined ? { result } : { error };
    }
    waiting.wake();
  }

  /** The parts of the answer to a call; returns its result. */
  async *#parts(call, values, signal = null) {
    signal?.throwIfAborted();
    if (this.#broken) throw errorOf(this.#broken);
    const id = this.#next++;
    const waiting = { parts: [], end: null, wake() {} };
    const wake = () => waiting.wake();
    this.#waiting.set(id, waiting);
    signal?.addEventListener("abort", wake);
    this.#worker.postMessage({ id, call, values });
    try {
      for (;;) {
        signal?.throwIfAborted();
        if (waiting.parts.length) yield waiting.parts.shift();
        else if (waiting.end) break;
        else await new Promise((resolve) => (waiting.wake = resolve));
      }
    } finally {
      signal?.removeEventListener("abort", wake);
      if (this.#waiting.delete(id)) this.#worker.postMessage({ id, cancel: true });
    }
    if (waiting.end.error !== undefined) throw errorOf(waiting.end.error);
    return waiting.end.result;
  }

  async #call(call, values) {
    return (await this.#parts(call, values).next()).value;
  }
}

/** @param {Refusal | {message: string}} told */
function errorOf(told) {
  return Object.assign(new Error(told.message), "key" in told && { refusal: told });
}

/**
 * Loads the models and starts the worker.
 * @param {{base: string | URL, onProgress?: (progress: Progress) => void}} options
 *   base: URL of the folder with models.json
 * @returns {Promise<Engine>}
 */
export function openEngine(options) {
  return Engine.open(options);
}
