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

/** @param {any} error */
export function sentenceOf(error) {
  return error instanceof Problem ? t(error.key, error.values) : error.message;
}
