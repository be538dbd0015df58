/** The buttons that give the visitor files, and the command that makes a font. */

import { byId, save } from "./dom.js";
import { onLanguage, t } from "./language.js";
import { pngOf, svgOf } from "./pictures.js";
import { sentenceOf } from "./problems.js";
import { commandOf, savedHand } from "./saved.js";

export class Downloads {
  /** @param {() => import("./writing.js").Writing} writing */
  constructor(writing) {
    this.writing = writing;
    this.#button("save-svg", async ({ sheet }) => save(await svgOf(sheet), "text.svg"));
    this.#button("save-png", async ({ sheet }) => save(await pngOf(sheet), "text.png"));
    this.#button("save-hand", async (writing) => {
      const { blob, name } = await savedHand(writing);
      save(blob, name);
    });
    byId("copy-command").addEventListener("click", () => this.#copy());
    onLanguage(() => this.said && this.#say(this.said));
  }

  /** Tells of what is on the paper now. */
  update() {
    const { made, sheet } = this.writing();
    for (const name of ["save-svg", "save-png", "save-hand"]) {
      byId(name).disabled = !sheet.lines.size;
    }
    byId("font").hidden = !made;
    if (made) byId("command").textContent = commandOf(made);
  }

  #button(id, act) {
    const button = byId(id);
    button.addEventListener("click", async () => {
      button.disabled = true;
      try {
        await act(this.writing());
        this.#say("saved");
      } catch (error) {
        byId("save-status").textContent = sentenceOf(error);
      }
      button.disabled = false;
    });
  }

  async #copy() {
    const command = byId("command");
    try {
      await navigator.clipboard.writeText(command.textContent);
      this.#say("copied");
    } catch {
      // In a frame, or without https, only the visitor may copy.
      getSelection().selectAllChildren(command);
      this.#say("selected");
    }
  }

  #say(key) {
    this.said = key;
    byId("save-status").textContent = t(key);
  }
}
