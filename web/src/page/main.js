/** Starts the page. */

import { keepOffline } from "../offline.js";
import { byId } from "./dom.js";
import { Downloads } from "./downloads.js";
import { Drawings } from "./drawings.js";
import { Hands } from "./hands.js";
import { currentLanguage, onLanguage, setLanguage, t, translatePage } from "./language.js";
import { loadEngine } from "./loading.js";
import { Photos } from "./photos.js";
import { Reading } from "./reading.js";
import { Sheet } from "./sheet.js";
import { startTabs } from "./tabs.js";
import { Writing } from "./writing.js";

/** What works once the models are there, for the tests of the page. */
export const page = start();

async function start() {
  onLanguage(translatePage);
  for (const input of document.querySelectorAll("input[name=language]")) {
    const { value } = /** @type {HTMLInputElement} */ (input);
    /** @type {HTMLInputElement} */ (input).checked = value === currentLanguage();
    input.addEventListener("change", () => setLanguage(/** @type {any} */ (value)));
  }
  byId("start").remove();
  byId("content").hidden = false;
  startTabs(byId("tabs"));
  let parts = null;
  // The visitor may draw while the models are loaded.
  const drawings = new Drawings({ changed: () => parts?.hands.forget("draw") });
  const engine = await loadEngine();
  if (!engine) return null;
  drawings.take(engine);
  parts = startWriting(engine, drawings);
  const reading = new Reading(engine);
  repaintOnNewColours([drawings, parts.sheet.paper, reading]);
  byId("work").disabled = false;
  byId("read-work").disabled = false;
  await parts.writing.write();
  tellOffline(await keepOffline());
  return { engine, ...parts };
}

function startWriting(engine, drawings) {
  let [hands, writing] = [null, null];
  const photos = new Photos(engine, {
    changed: () => {
      hands.forget("photo");
      writing.refresh();
    },
  });
  hands = new Hands(engine, drawings, photos, { changed: () => writing.refresh() });
  const downloads = new Downloads(() => writing);
  const sheet = new Sheet();
  writing = new Writing(engine, hands, sheet, { written: () => downloads.update() });
  return { hands, sheet, writing };
}

function repaintOnNewColours(parts) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const part of parts) part.repaint();
  });
}

function tellOffline(state) {
  if (state === "online") return;
  onLanguage(() => {
    byId("offline").textContent = t(state);
  });
}
