/** A random order that is always the same: NumPy's `default_rng(0).permutation`. */

const BITS_64 = (1n << 64n) - 1n;
const BITS_128 = (1n << 128n) - 1n;
// The multiplier of PCG64, and its state and increment for the seed 0.
const MULTIPLIER = 47026247687942121848144207491837523525n;
const STATE = 35399562948360463058890781895381311971n;
const INCREMENT = 87136372517582989555478159403783844777n;

/** @returns {() => number} a source of whole numbers of 32 bits. */
function source() {
  let state = STATE;
  let high = null;
  return () => {
    if (high !== null) {
      const value = high;
      high = null;
      return value;
    }
    state = (state * MULTIPLIER + INCREMENT) & BITS_128;
    const mixed = (state >> 64n) ^ (state & BITS_64);
    const turn = state >> 122n;
    const value = ((mixed >> turn) | (mixed << (64n - turn))) & BITS_64;
    high = Number(value >> 32n);
    return Number(value & 0xffffffffn);
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
