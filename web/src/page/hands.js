/**
 * Whose hand writes. A hand is named by a word: "draw", "photo", or "seed:" and the
 * number of a made-up writer.
 */

import { byId, chosen, make } from "./dom.js";
import { onLanguage, t } from "./language.js";
import { Problem } from "./problems.js";

// Seeds of the made-up writers that stand to choose, who differ as much as people do.
const SAMPLES = [1, 3, 4, 5, 11, 14];
const LARGEST_SEED = 999_999;

export class Hands {
  /**
   * @param {import("../engine/client.js").Engine} engine
   * @param {import("./drawings.js").Drawings} drawings
   * @param {import("./photos.js").Photos} photos
   * @param {{changed: () => void}} options  called when another hand is chosen
   */
  constructor(engine, drawings, photos, { changed }) {
    this.engine = engine;
    this.drawings = drawings;
    this.photos = photos;
    this.changed = changed;
    this.seed = 0;
    this.#newSeed();
    /** @type {Map<string, Promise<{id: number}>>} */
    this.known = new Map();
    for (const input of document.querySelectorAll("input[name=hand]")) {
      input.addEventListener("change", () => this.#choose());
    }
    byId("sample-hand").addEventListener("change", changed);
    byId("other-hand").addEventListener("change", () => this.#choose());
    byId("new-hand").addEventListener("click", () => {
      this.#newSeed();
      this.#choose();
    });
    onLanguage(() => this.#name());
    this.#showPanel();
  }

  /** Whether the chosen hand was not shown yet; another one writes until then. */
  get awaited() {
    const kind = chosen("hand");
    if (kind === "draw") return !this.drawings.samples.length;
    return kind === "photo" && !this.photos.cells.length;
  }

  /** The word for the hand that writes. */
  get word() {
    const kind = chosen("hand");
    if (this.awaited) return `seed:${SAMPLES[0]}`;
    if (kind === "sample") return `seed:${byId("sample-hand").value}`;
    return kind === "new" ? `seed:${this.seed}` : kind;
  }

  /** The word for the hand that is mixed in, or "". */
  get otherWord() {
    return byId("other-hand").value;
  }

  /** Lets the hands of drawings or photos be made anew. */
  forget(word) {
    this.known.delete(word);
  }

  /**
   * @param {string} word
   * @returns {Promise<{id: number}>} the engine's hand
   */
  async of(word) {
    if (!this.known.has(word)) this.known.set(word, this.#make(word));
    try {
      return await this.known.get(word);
    } catch (error) {
      this.known.delete(word);
      throw error;
    }
  }

  /** @param {string} word  @returns {string} its name for people */
  nameOf(word) {
    if (word === "draw" || word === "photo") return t(`name-${word}`);
    const seed = Number(word.slice("seed:".length));
    const sample = SAMPLES.indexOf(seed);
    if (sample >= 0) return t("name-sample", { number: sample + 1 });
    return t("name-new", { number: seed });
  }

  async #make(word) {
    if (word === "draw") {
      const { samples } = this.drawings;
      if (!samples.length) throw new Problem("noDrawing");
      const hand = await this.engine.handOfStrokes(samples);
      this.drawings.tell(hand.shown);
      return hand;
    }
    if (word === "photo") {
      const { cells } = this.photos;
      if (!cells.length) throw new Problem("noPhoto");
      const hand = await this.engine.handOfImages(cells);
      this.photos.tell(hand.shown);
      return hand;
    }
    return this.engine.newHand(Number(word.slice("seed:".length)));
  }

  #newSeed() {
    const random = crypto.getRandomValues(new Uint32Array(1))[0];
    this.seed = SAMPLES.at(-1) + 1 + (random % (LARGEST_SEED - SAMPLES.at(-1)));
  }

  #choose() {
    this.#showPanel();
    this.changed();
  }

  #showPanel() {
    const kind = chosen("hand");
    for (const panel of document.querySelectorAll("[data-hand]")) {
      /** @type {HTMLElement} */ (panel).hidden = panel.dataset.hand !== kind;
    }
    byId("mix-control").hidden = !this.otherWord;
    byId("new-hand-name").textContent = this.nameOf(`seed:${this.seed}`);
  }

  #name() {
    const option = (value, name) => make("option", { value }, name);
    const sample = byId("sample-hand");
    const samples = SAMPLES.map((seed) => [seed, this.nameOf(`seed:${seed}`)]);
    const other = byId("other-hand");
    const others = [
      ["", t("noOther")],
      ...samples.map(([seed, name]) => [`seed:${seed}`, name]),
      ["draw", t("name-draw")],
      ["photo", t("name-photo")],
    ];
    for (const [select, rows] of [
      [sample, samples],
      [other, others],
    ]) {
      const { value } = select;
      select.replaceChildren(...rows.map((row) => option(...row)));
      if (value) select.value = value;
    }
    this.#showPanel();
  }
}
