/** Mistakes that the page tells in the visitor's language. */

import { t } from "./language.js";

export class Problem extends Error {
  /**
   * @param {string} key  of the table of texts
   * @param {Object<string, any>} [values]
   */
  constructor(key, values = {}) {
    super(key);
    this.key = key;
    this.values = values;
  }
}

/** @param {any} error  a `Problem`, an error of the engine, or one that none foresaw */
export function sentenceOf(error) {
  const { key, values } = error.refusal ?? error;
  return key ? t(key, values) : t("unexpected", { reason: error.message });
}
