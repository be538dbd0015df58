/**
 * The geometry of a practice sheet: the places of marks, page code and boxes.
 *
 * All lengths are millimetres from the top left corner of an upright A4 page, x to the
 * right and y down.
 */

export const [PAGE_WIDTH, PAGE_HEIGHT] = [210, 297];
// A mark is a ring around a disc.
const INSET = 14;
const [FAR_X, FAR_Y] = [PAGE_WIDTH - INSET, PAGE_HEIGHT - INSET];
/** The middles of the marks, clockwise from the top left. */
export const MARKS = [
  [INSET, INSET],
  [FAR_X, INSET],
  [FAR_X, FAR_Y],
  [INSET, FAR_Y],
];
/** Small squares along the edges, which show how the paper is bent. */
export const TICK_SIDE = 2;
export const TICKS = [];
for (let x = 31; x < 180; x += 18.5) TICKS.push([x, 21.5], [x, FAR_Y]);
for (let y = 33; y < 265; y += 21) TICKS.push([INSET, y], [FAR_X, y]);
/** The page code: black and white rectangles in a row between the upper marks. */
export const CODE_BITS = 48;
export const [MODULE_WIDTH, MODULE_HEIGHT] = [3, 5];
export const [CODE_LEFT, CODE_TOP] = [33, INSET - MODULE_HEIGHT / 2];
// The area of the boxes, the gap between two, and the height of the model above one.
const [LEFT, RIGHT, TOP, BOTTOM] = [23, 187, 30, 277];
export const GAP = 2.4;
const MODEL_HEIGHT = 6.2;
// Of a sheet that was made without options.
const [BOX, VERSION] = [14, 1];
// Times that a sheet may ask for each character.
const COUNTS = 5;

/** The characters of the sheet that the page asks for unless it is told otherwise. */
export const KANA =
  "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわをん" +
  "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲン";

/**
 * The boxes on the pages of a practice sheet.
 * @typedef {{box: number, pages: string[]}} Layout side of a box, and the characters of
 *   each page, row by row; a sheet's .json has both.
 * @typedef {{character: string, left: number, top: number}} Cell edges of its box
 */

/** The number of boxes that fit into a length. */
const fitting = (room, size, pitch) => 1 + Math.trunc((room - size) / pitch + 1e-9);

/** Columns and rows of boxes on a page. */
function gridOf(box) {
  const height = box + MODEL_HEIGHT;
  return {
    columns: fitting(RIGHT - LEFT, box, box + GAP),
    rows: fitting(BOTTOM - TOP, height, height + GAP),
  };
}

/**
 * The sheets that `prepare_pages` makes of characters, without other options than the
 * number of times that each is asked for.
 * @param {string} characters
 * @returns {Layout[]}
 */
export function layoutsOf(characters) {
  const { columns, rows } = gridOf(BOX);
  return Array.from({ length: COUNTS }, (_, k) => {
    const text = Array.from(characters.repeat(k + 1));
    const pages = [];
    while (text.length) pages.push(text.splice(0, columns * rows).join(""));
    return { box: BOX, pages };
  });
}

/**
 * Number of a sheet, from 0 to 65,535: a checksum of its boxes.
 * @param {Layout} layout
 * @returns {number}
 */
export function identityOf({ box, pages }) {
  const side = Number.isInteger(box) ? `${box}.0` : String(box);
  const listed = pages.map((page) => JSON.stringify(page)).join(", ");
  const text = `[${VERSION}, ${side}, [${listed}]]`;
  return checksum(new TextEncoder().encode(text), 0x1d0f);
}

/**
 * The cells with a character of a page.
 * @param {Layout} layout
 * @param {number} page from 1
 * @returns {Cell[]}
 */
export function cellsOf({ box, pages }, page) {
  const { columns, rows } = gridOf(box);
  const across = (RIGHT - LEFT - box) / Math.max(1, columns - 1);
  const down = (BOTTOM - TOP - box - MODEL_HEIGHT) / Math.max(1, rows - 1);
  return Array.from(pages[page - 1], (character, position) => ({
    character,
    left: LEFT + across * (position % columns),
    top: TOP + MODEL_HEIGHT + down * Math.floor(position / columns),
  }));
}

/**
 * Reads a page code.
 * @param {boolean[]} bits true where black
 * @returns {{identity: number, page: number}|null} null if its checksum is wrong.
 */
export function decodePage(bits) {
  const bytes = new Uint8Array(CODE_BITS / 8);
  bits.forEach((bit, k) => (bytes[k >> 3] |= bit ? 128 >> (k & 7) : 0));
  const [identity, page, sum] = [0, 2, 4].map((k) => (bytes[k] << 8) | bytes[k + 1]);
  if (checksum(bytes.subarray(0, 4), 0xffff) !== sum || page === 0) return null;
  return { identity, page };
}

/** CRC-CCITT of bytes, from a first value on. */
function checksum(bytes, first) {
  let sum = first;
  for (const byte of bytes) {
    sum ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) {
      sum = (sum & 0x8000 ? (sum << 1) ^ 0x1021 : sum << 1) & 0xffff;
    }
  }
  return sum;
}
