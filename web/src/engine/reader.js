/** The reader: an image of one character to the likeliest characters. */

import { InputError } from "../photo/errors.js";
import { normaliseText } from "./text.js";

const BEST = 5;

export class Reader {
  /**
   * @param {any} graph
   * @param {string[]} readable  in the order of its classes
   * @param {{size: number, margin: number}} facts
   */
  constructor(graph, readable, facts) {
    this.graph = graph;
    this.readable = readable;
    this.facts = facts;
  }

  /**
   * @param {Uint8Array} cleaned  an image of `facts.size`, ink on white without a margin
   * @param {string | string[] | null} among  the only answers; null: all
   * @returns {Promise<import("./client.js").Reading[]>}
   */
  async read(cleaned, among = null) {
    const { size } = this.facts;
    const image = { data: placed(cleaned, this.facts), dims: [1, size, size, 1] };
    const { probabilities } = await this.graph.run({ image });
    const classes = this.#candidates(among);
    const odds = classes.map((k) => probabilities.data[k]);
    const sum = classes.length === this.readable.length ? 1 : odds.reduce((a, b) => a + b, 0);
    const shares = odds.map((odd) => (sum > 0 ? odd / sum : 1 / odds.length));
    // Sorting is stable: of equal ones the first class comes first.
    const order = classes.map((_, i) => i).sort((a, b) => shares[b] - shares[a]);
    return order.slice(0, BEST).map((i) => ({
      character: this.readable[classes[i]],
      probability: shares[i],
    }));
  }

  #candidates(among) {
    if (among === null) return this.readable.map((_, k) => k);
    const known = new Set(this.readable);
    const given = typeof among === "string" ? [...among] : among;
    const wanted = new Set(given.map((c) => (known.has(c) ? c : normaliseText(c))));
    for (const character of wanted) {
      if (!known.has(character)) throw new InputError("unreadable", { character });
    }
    const classes = this.readable.map((_, k) => k).filter((k) => wanted.has(this.readable[k]));
    if (!classes.length) throw new InputError("noChoice");
    return classes;
  }
}

/**
 * An image in the place of the training's, numbers in [-1, 1], -1 ink.
 * @param {Uint8Array} image
 */
function placed(image, { size, margin }) {
  const result = new Float32Array(size * size);
  const scale = Math.fround(1 / (1 - 2 * margin));
  const half = (size - 1) / 2;
  const shift = Math.fround((size * (0.5 - margin)) / (1 - 2 * margin) - 0.5 - half / (1 - 2 * margin));
  const at = (x, y) => (x < 0 || y < 0 || x >= size || y >= size ? 255 : image[y * size + x]);
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      const [x, y] = [scale * column + shift, scale * row + shift];
      const [left, top] = [Math.floor(x), Math.floor(y)];
      const [right, down] = [x - left, y - top];
      const upper = (1 - right) * at(left, top) + right * at(left + 1, top);
      const lower = (1 - right) * at(left, top + 1) + right * at(left + 1, top + 1);
      const grey = (1 - down) * upper + down * lower;
      result[row * size + column] = Math.min(Math.max(grey / 127.5 - 1, -1), 1);
    }
  }
  return result;
}
