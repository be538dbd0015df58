/** The first tab: a text is written in a hand. */

import { isSpace } from "../engine/text.js";
import { byId } from "./dom.js";
import { onLanguage, t } from "./language.js";
import { Problem, sentenceOf } from "./problems.js";

// A text of so many characters is written anew as soon as a control is moved.
const QUICK = 80;
const SLIDERS = ["temperature", "guidance", "strength", "mix"];
const LARGEST_SEED = 2 ** 31;

export class Writing {
  /**
   * @param {import("../engine/client.js").Engine} engine
   * @param {import("./hands.js").Hands} hands
   * @param {import("./sheet.js").Sheet} sheet
   * @param {{written: () => void}} options  called when a text is complete
   */
  constructor(engine, hands, sheet, { written }) {
    Object.assign(this, { engine, hands, sheet, written });
    this.seed = 1;
    this.controller = null;
    /** What is on the paper: its hands, by their words, and the settings. */
    this.made = null;
    byId("writing").addEventListener("submit", (event) => {
      event.preventDefault();
      this.write();
    });
    byId("again").addEventListener("click", () => {
      this.seed = Math.floor(Math.random() * LARGEST_SEED);
      this.write();
    });
    byId("cancel").addEventListener("click", () => this.cancel());
    byId("replay").addEventListener("click", () => this.sheet.replay());
    for (const name of SLIDERS) {
      byId(name).addEventListener("input", () => this.#showValues());
      byId(name).addEventListener("change", () => this.refresh());
    }
    for (const input of document.querySelectorAll("[name=pen], [name=direction]")) {
      input.addEventListener("change", () => this.sheet.arrange());
    }
    this.#showValues();
    onLanguage(() => this.#tell());
  }

  /** Writes a short text anew, in the same try, if one was written. */
  refresh() {
    if (this.made && byId("text").value.length <= QUICK) this.write();
  }

  /** Stops the engine; what was written stays. */
  cancel() {
    this.controller?.abort();
  }

  /** Writes the text of the field. */
  async write() {
    this.cancel();
    const controller = new AbortController();
    this.controller = controller;
    const ended = () => controller !== this.controller;
    this.problem = null;
    this.#setBusy(true);
    try {
      await this.#write(controller.signal, ended);
    } catch (error) {
      if (!ended()) this.problem = controller.signal.aborted ? null : error;
    }
    if (ended()) return;
    // What was written before a cancel or a mistake stays.
    if (this.sheet.next) this.sheet.end();
    this.controller = null;
    this.#setBusy(false);
    this.written();
  }

  async #write(signal, ended) {
    const text = byId("text").value;
    const { word, otherWord: other, awaited } = this.hands;
    const settings = Object.fromEntries(
      SLIDERS.map((name) => [name, Number(byId(name).value)]),
    );
    if (!text.trim()) throw new Problem("noText");
    const hand = await this.hands.of(word);
    const otherHand = other ? await this.hands.of(other) : null;
    if (ended()) return;
    if (!other) settings.mix = 0;
    this.made = { word, other, settings, seed: this.seed, awaited };
    const characters = this.sheet.begin(text);
    const bar = byId("write-bar");
    bar.max = characters.filter((one) => !isSpace(one)).length;
    bar.value = 0;
    const options = { ...settings, hand, otherHand, seed: this.seed, signal, asText: true };
    for await (const written of this.engine.write(text, options)) {
      if (ended()) return;
      this.sheet.add(written);
      bar.value += 1;
    }
  }

  #setBusy(busy) {
    this.busy = busy;
    byId("cancel").hidden = byId("write-bar").hidden = !busy;
    byId("replay").disabled = busy || !this.sheet.lines.size;
    byId("sheet").setAttribute("aria-busy", String(busy));
    this.#tell();
  }

  #showValues() {
    for (const name of SLIDERS) {
      const value = Number(byId(name).value);
      byId(`${name}-value`).textContent =
        name === "mix" ? `${Math.round(100 * value)} %` : value.toFixed(2);
    }
  }

  #tell() {
    byId("write-problem").textContent = this.problem ? sentenceOf(this.problem) : "";
    const { sheet, made } = this;
    if (!made) return;
    const names = [made.word, made.other].filter(Boolean);
    const hand = names.map((word) => this.hands.nameOf(word)).join(" + ");
    const key = this.busy ? "writing" : "written";
    byId("write-status").textContent = t(key, { hand, count: sheet.lines.size });
    byId("awaited").hidden = !made.awaited;
    const skipped = new Set([...sheet.faults.keys()].map((i) => sheet.characters[i]));
    byId("skipped").textContent =
      skipped.size && !this.busy ? t("skipped", { characters: [...skipped].join(" ") }) : "";
  }
}
