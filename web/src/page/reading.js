/** The second tab: a character is drawn, and the reader names the likeliest. */

import { byId, make } from "./dom.js";
import { onLanguage, t } from "./language.js";
import { Pad } from "./pad.js";
import { sentenceOf } from "./problems.js";

// Side of the image that is read, in pixels, and the wait after a stroke in ms.
const SIDE = 128;
const PAUSE = 350;

export class Reading {
  /** @param {import("../engine/client.js").Engine} engine */
  constructor(engine) {
    this.engine = engine;
    this.pad = new Pad({ changed: () => this.#wait() });
    this.timer = 0;
    this.turn = 0;
    byId("read-pad").append(this.pad.element);
    onLanguage(() => {
      this.pad.translate();
      this.#show(this.readings ?? [], this.problem);
    });
  }

  repaint() {
    this.pad.repaint();
  }

  #wait() {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.#read(), PAUSE);
  }

  async #read() {
    const turn = ++this.turn;
    if (!this.pad.strokes.length) {
      this.#show([]);
      return;
    }
    try {
      const readings = await this.engine.read(this.pad.image(SIDE), SIDE, SIDE);
      // Another stroke may have been drawn meanwhile.
      if (turn === this.turn) this.#show(readings);
    } catch (error) {
      if (turn === this.turn) this.#show([], error);
    }
  }

  #show(readings, problem = null) {
    Object.assign(this, { readings, problem });
    const percent = (probability) => `${(100 * probability).toFixed(1)} %`;
    byId("readings").replaceChildren(
      ...readings.map(({ character, probability }) => {
        const name = make("span", { className: "reading", lang: "ja" }, character);
        const bar = make("meter", { max: 1, value: probability });
        bar.setAttribute("aria-label", t("probabilityOf", { character }));
        return make("li", {}, name, bar, make("span", {}, percent(probability)));
      }),
    );
    const [first] = readings;
    const values = first && { character: first.character, share: percent(first.probability) };
    const said = first ? t("read", values) : t("readNothing");
    byId("read-status").textContent = problem ? sentenceOf(problem) : said;
  }
}
