/** Small helpers for elements and files. */

/**
 * The element with an id, which the page has.
 *
 * @param {string} id
 * @returns {any}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`The page has no element #${id}.`);
  return element;
}

/**
 * A new element.
 *
 * @param {string} tag
 * @param {Object<string, any>} [properties]  properties; names with "-" are attributes
 * @param {(Node|string)[]} children
 * @returns {any}
 */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

/**
 * Gives the visitor a file.
 *
 * @param {Blob} blob
 * @param {string} name
 */
export function save(blob, name) {
  const link = make("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  // Browsers fetch the file after the click.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/**
 * The value of the chosen radio button.
 *
 * @param {string} name
 * @returns {string}
 */
export function chosen(name) {
  const input = document.querySelector(`input[name="${name}"]:checked`);
  return /** @type {HTMLInputElement} */ (input).value;
}

/**
 * A context of a canvas that has as many pixels as the screen.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {number} width  in CSS pixels
 * @param {number} height
 */
export function sharpContext(canvas, width, height) {
  const ratio = Math.min(window.devicePixelRatio || 1, 3);
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.scale(ratio, ratio);
  return context;
}
