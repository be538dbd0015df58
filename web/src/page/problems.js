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

/**
 * What the engine answers; what it refuses is told in the visitor's language.
 *
 * @template T
 * @param {string} key  of a text with {reason}
 * @param {Promise<T>} answer
 * @returns {Promise<T>}
 */
export async function understood(key, answer) {
  try {
    return await answer;
  } catch (error) {
    throw new Problem(key, { reason: error.message });
  }
}
