/** Photos of practice sheets, which show a hand by images. */

import { byId, make } from "./dom.js";
import { onLanguage, t } from "./language.js";
import { Problem, sentenceOf } from "./problems.js";

// The longer side of a photo, in pixels; more shows no more of the pen.
const MOST = 3600;
// Images whose pictures are shown.
const SHOWN = 60;
// Where the page lies within the site that has the guides, too.
const IN_SITE = /\/try\/(index\.html)?$/;

/** @typedef {{character: string, grey: Uint8Array, width: number, height: number}} Cell */

export class Photos {
  /**
   * @param {import("../engine/client.js").Engine} engine
   * @param {{changed: () => void}} options  called when other images are there
   */
  constructor(engine, { changed }) {
    this.engine = engine;
    this.changed = changed;
    /** @type {Cell[]} */
    this.cells = [];
    byId("photo-how").hidden = !IN_SITE.test(location.pathname);
    const input = byId("photo-file");
    input.addEventListener("change", () => this.#take([...input.files]));
    const zone = byId("photo-zone");
    for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
      zone.addEventListener(name, (event) => {
        event.preventDefault();
        zone.classList.toggle("over", name === "dragenter" || name === "dragover");
      });
    }
    zone.addEventListener("drop", (event) => this.#take([...event.dataTransfer.files]));
    onLanguage(() => this.#tell());
  }

  /** @param {import("../engine/client.js").Shown[]} shown */
  tell(shown) {
    // A refusal of a later photo stays, though the hand of the one before is used.
    if (this.problem) return;
    const bad = shown.filter((one) => one.fault).map((one) => one.character);
    this.#say(bad.length ? "photoFaults" : "photoRead", { bad: bad.join("、") });
  }

  async #take(files) {
    if (!files.length) return;
    this.#say("photoReading");
    byId("photo-bar").hidden = false;
    try {
      const cells = [];
      for (const file of files) cells.push(...(await this.#read(file)));
      if (!cells.length) throw new Problem("photoEmpty");
      this.cells = cells;
      this.#show();
      this.#say("photoRead");
      this.changed();
    } catch (error) {
      this.problem = error;
      this.#tell();
    }
    byId("photo-bar").hidden = true;
  }

  async #read(file) {
    let bitmap;
    try {
      bitmap = await createImageBitmap(file);
    } catch {
      throw new Problem("photoUnreadable", { name: file.name });
    }
    const scale = Math.min(1, MOST / Math.max(bitmap.width, bitmap.height));
    const [width, height] = [bitmap.width, bitmap.height].map((side) =>
      Math.max(1, Math.round(side * scale)),
    );
    const context = new OffscreenCanvas(width, height).getContext("2d");
    context.drawImage(bitmap, 0, 0, width, height);
    bitmap.close();
    const pixels = context.getImageData(0, 0, width, height);
    const read = await this.engine.readSheet(pixels);
    return read.map(({ character, image }) => ({ character, ...image }));
  }

  #show() {
    byId("photo-cells").replaceChildren(
      ...this.cells.slice(0, SHOWN).map((cell) => {
        const canvas = make("canvas", { width: cell.width, height: cell.height });
        canvas.getContext("2d").putImageData(pixelsOf(cell), 0, 0);
        canvas.setAttribute("role", "img");
        canvas.setAttribute("aria-label", cell.character);
        return make("li", {}, canvas);
      }),
    );
  }

  #say(key, values = {}) {
    [this.said, this.problem] = [{ key, values }, null];
    this.#tell();
  }

  #tell() {
    if (!this.said) return;
    const { key, values } = this.said;
    byId("photo-status").textContent = this.problem
      ? sentenceOf(this.problem)
      : t(key, { count: this.cells.length, ...values });
  }
}

/**
 * An image as a canvas has it.
 *
 * @param {{grey: Uint8Array, width: number, height: number}} image
 */
export function pixelsOf({ grey, width, height }) {
  const pixels = new ImageData(width, height);
  grey.forEach((value, i) => pixels.data.set([value, value, value, 255], 4 * i));
  return pixels;
}
