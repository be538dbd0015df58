/** Thins ink to lines of one pixel. */

/** @typedef {import("./ink.js").Grid} Grid */

// What happens to a pixel with neighbours, which are the bits of the position: from the
// upper left one on, clockwise. 1: it goes in the first half of a round, 2: in the
// second, 3: in both. These are the rules of scikit-image's `skeletonize`.
const RULES =
  "0001001300311013000000002020303300000000300000000000000020003022" +
  "0000000000000000000000000000000020000000200020003000000030003020" +
  "0031001300000001000000000000000131000000000000002000000000000000" +
  "2313001300000001000000000000000023010001000000003301000022002000";

/**
 * The skeleton of ink.
 *
 * Reference: Zhang and Suen, A fast parallel algorithm for thinning digital patterns,
 * Communications of the ACM, 1984.
 * @param {Grid} ink mask
 * @returns {Grid}
 */
export function thinned({ data, width, height }) {
  const across = width + 2;
  let mask = new Uint8Array(across * (height + 2));
  for (let y = 0; y < height; y++) {
    mask.set(data.subarray(y * width, (y + 1) * width), (y + 1) * across + 1);
  }
  let ink = [];
  mask.forEach((is, k) => is && ink.push(k));
  for (let removed = true; removed; ) {
    removed = false;
    for (const half of [1, 2]) {
      const gone = ink.filter((k) => rule(mask, k, across) & half);
      for (const k of gone) mask[k] = 0;
      if (gone.length) {
        removed = true;
        ink = ink.filter((k) => mask[k]);
      }
    }
  }
  const result = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    const start = (y + 1) * across + 1;
    result.set(mask.subarray(start, start + width), y * width);
  }
  return { data: result, width, height };
}

function rule(mask, k, across) {
  const [above, below] = [k - across, k + across];
  return TABLE[
    mask[above - 1] |
      (mask[above] << 1) |
      (mask[above + 1] << 2) |
      (mask[k + 1] << 3) |
      (mask[below + 1] << 4) |
      (mask[below] << 5) |
      (mask[below - 1] << 6) |
      (mask[k - 1] << 7)
  ];
}
const TABLE = Uint8Array.from(RULES, Number);
