/** The characters that a visitor draws to show his hand. */

import { graphemes, isSpace } from "../engine/text.js";
import { byId } from "./dom.js";
import { onLanguage } from "./language.js";
import { Pad } from "./pad.js";
import { Problem } from "./problems.js";

const MOST = 20;

export class Drawings {
  /** @param {{changed: () => void}} options  called when the drawings change */
  constructor({ changed }) {
    this.changed = changed;
    /** @type {Pad[]} */
    this.pads = [];
    this.field = byId("draw-characters");
    this.field.addEventListener("change", () => this.#ask());
    this.engine = null;
    this.guides = byId("draw-guides");
    this.guides.addEventListener("change", () => this.#showGuides());
    byId("draw-clear").addEventListener("click", () => {
      this.pads = [];
      this.#ask();
    });
    this.#ask();
    onLanguage(() => this.pads.forEach((pad) => pad.translate()));
  }

  /** Lets the engine show how characters are written. */
  take(engine) {
    this.engine = engine;
    this.#showGuides();
  }

  /** @returns {import("../engine/client.js").DrawnSample[]} those with ink */
  get samples() {
    const drawn = this.pads.filter((pad) => pad.strokes.length);
    return drawn.map(({ character, strokes }) => ({ character, strokes }));
  }

  /** @param {import("../engine/client.js").Shown[]} shown */
  tell(shown) {
    for (const { character, fault } of shown) {
      const pad = this.pads.find((one) => one.character === character);
      if (pad && fault) pad.fault = new Problem("padFault", { character, fault });
    }
  }

  repaint() {
    this.pads.forEach((pad) => pad.repaint());
  }

  /** Shows a pad for each character asked for; drawings of those that stay are kept. */
  #ask() {
    const asked = graphemes(this.field.value).filter((one) => !isSpace(one));
    const characters = [...new Set(asked)].slice(0, MOST);
    if (!characters.length) characters.push(...this.field.defaultValue);
    this.field.value = characters.join("");
    this.pads = characters.map((character) => {
      const known = this.pads.find((pad) => pad.character === character);
      return known ?? new Pad({ character, changed: this.changed });
    });
    byId("pads").replaceChildren(...this.pads.map((pad) => pad.element));
    this.#showGuides();
    this.changed();
  }

  async #showGuides() {
    if (!this.engine) return;
    const known = new Set(this.engine.characters);
    for (const pad of this.pads) {
      const { character } = pad;
      if (!known.has(character)) pad.fault = new Problem("unknown", { character });
      const shown = this.guides.checked && known.has(character);
      pad.guide = shown ? await this.engine.strokes(character) : [];
      pad.repaint();
    }
  }
}
