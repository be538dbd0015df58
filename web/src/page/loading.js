/** Loads the engine, with a progress bar for each file and clear words if it fails. */

import { openEngine } from "../engine/client.js";
import { byId, make } from "./dom.js";
import { onLanguage, t } from "./language.js";
import { sentenceOf } from "./problems.js";

/** @returns {Promise<import("../engine/client.js").Engine | null>} */
export async function loadEngine() {
  const bars = new Map();
  const list = byId("loading-bars");
  const onProgress = ({ name, loaded, total }) => {
    if (!bars.has(name)) bars.set(name, addBar(list, name));
    const { bar, amount } = bars.get(name);
    // A server that compresses does not tell the size.
    if (total) [bar.max, bar.value] = [total, loaded];
    else bar.removeAttribute("value");
    amount.textContent = `${(loaded / 1e6).toFixed(1)} MB`;
  };
  try {
    const base = new URL("../models/", import.meta.url);
    const engine = await openEngine({ base, onProgress });
    byId("loading").hidden = true;
    return engine;
  } catch (error) {
    fail(error);
    return null;
  }
}

function addBar(list, name) {
  const bar = make("progress", { id: `loading-${list.childElementCount}` });
  const amount = make("span", { className: "amount" });
  list.append(make("li", {}, make("label", { htmlFor: bar.id }, name), bar, amount));
  return { bar, amount };
}

function fail(error) {
  byId("loading").hidden = true;
  byId("failure").hidden = false;
  onLanguage(() => {
    byId("failure-text").textContent = t("failure");
    byId("failure-detail").textContent = sentenceOf(error);
  });
  byId("failure-again").addEventListener("click", () => location.reload());
}
