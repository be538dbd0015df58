/** A random order that is always the same: NumPy's `default_rng(0).permutation`. */

import { Generator } from "../engine/random.js";

/** @returns {() => number} a source of whole numbers of 32 bits. */
function source() {
  const generator = new Generator(0);
  let high = null;
  return () => {
    if (high !== null) {
      const value = high;
      high = null;
      return value;
    }
    const bits = generator.bits();
    high = Number(bits >> 32n);
    return Number(bits & 0xffffffffn);
  };
}

/**
 * The numbers from 0 to `count` - 1 in the order of the seed 0.
 * @param {number} count
 * @returns {Int32Array}
 */
export function permutation(count) {
  const next = source();
  const order = Int32Array.from({ length: count }, (_, k) => k);
  for (let k = count - 1; k > 0; k--) {
    // Numbers above the bound are drawn anew.
    const mask = 2 ** (32 - Math.clz32(k)) - 1;
    let other;
    do other = next() & mask;
    while (other > k);
    [order[k], order[other]] = [order[other], order[k]];
  }
  return order;
}
