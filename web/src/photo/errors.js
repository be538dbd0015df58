import { refusal } from "../refusals.js";

/** A mistake of the visitor's in one sentence, as Python's `InputError`. */
export class InputError extends Error {
  /**
   * @param {string} key  of `REFUSALS`
   * @param {Object<string, any>} [values]
   */
  constructor(key, values) {
    const told = refusal(key, values);
    super(told.message);
    this.name = "InputError";
    this.refusal = told;
  }
}
