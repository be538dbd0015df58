/**
 * The engine as the page calls it. All work is done in a module worker (`worker.js`),
 * so the page stays responsive. Every error is an `Error` with a sentence for people.
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
 * @typedef {{character: string, fault: string | null}} Shown
 * @typedef {{character: string, probability: number}} Reading
 * @typedef {{name: string, loaded: number, total: number}} Progress
 */

/** What `Engine.write` can change. */
export const DEFAULTS = Object.freeze({
  hand: null, //         Hand; null: the made-up writer of `seed`
  otherHand: null, //    Hand to mix with
  mix: 0, //             0: all `hand`, 1: all `otherHand`
  seed: 0, //            another one writes everything anew
  temperature: 0.5, //   factor on the noise, 0 to 2; lower varies less
  guidance: 1, //        how much the hand counts, 0 to 3; 1 as it was trained
  strength: 1, //        0: the plain template, 1: as written, up to 1.5
  signal: null, //       AbortSignal
});

export class Engine {
  #worker;
  #waiting = new Map();
  #next = 1;

  /** Call `openEngine` instead. */
  constructor(worker, facts) {
    this.#worker = worker;
    /** All writable characters, in order. @type {readonly string[]} */
    this.characters = Object.freeze(facts.characters);
    /** All characters that the reader knows. @type {readonly string[]} */
    this.readable = Object.freeze(facts.readable);
  }

  /**
   * A hand from drawn characters; the strokes may be in another order, direction or
   * number than KanjiVG's. Throws if none can be used.
   * @param {DrawnSample[]} samples
   * @returns {Promise<{id: number, shown: Shown[]}>}
   */
  async handOfStrokes(samples) {}

  /**
   * A hand from tracks as the photo module fits them.
   * @param {FittedTrack[]} tracks
   * @returns {Promise<{id: number, shown: Shown[]}>}
   */
  async handOfTracks(tracks) {}

  /**
   * A made-up writer.
   * @param {number} seed  a whole number of 0 or more
   * @returns {Promise<Hand>}
   */
  async newHand(seed) {}

  /**
   * Writes a text character by character, in its order. Characters that cannot be
   * written come with a fault and no lines; spaces and line breaks do not come.
   * @param {string} text
   * @param {Partial<typeof DEFAULTS>} options
   * @returns {AsyncGenerator<Written>}
   */
  async *write(text, options = {}) {}

  /**
   * Draws lines as the Python package does.
   * @param {Line[]} lines
   * @param {number} size  side in pixels
   * @returns {Promise<Uint8Array>}  size * size, 0 ink, 255 paper
   */
  async draw(lines, size, options = {}) {}

  /**
   * The five likeliest characters of an image.
   * @param {Uint8Array} grey  width * height, 0 ink, 255 paper
   * @param {{among?: string | string[]}} options  among: the only answers
   * @returns {Promise<Reading[]>}
   */
  async read(grey, width, height, options = {}) {}

  /** Ends the worker. */
  close() {}
}

/**
 * Loads the models and starts the worker.
 * @param {{base: string | URL, onProgress?: (progress: Progress) => void}} options
 *   base: URL of the folder with models.json
 * @returns {Promise<Engine>}
 */
export async function openEngine({ base, onProgress }) {}
