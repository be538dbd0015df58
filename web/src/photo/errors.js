/** A mistake of the visitor's in one sentence, as Python's `InputError`. */
export class InputError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = "InputError";
  }
}
