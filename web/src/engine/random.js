/**
 * Random numbers as NumPy's `default_rng` draws them: SeedSequence, PCG64 and the
 * ziggurat method for normal numbers.
 *
 * References: O'Neill, PCG, 2014 (XSL-RR 128/64); O'Neill, Developing a seed_seq
 * Alternative, 2015; Marsaglia and Tsang, The Ziggurat Method for Generating Random
 * Variables, 2000; NumPy's documentation of `SeedSequence`.
 */

import { base, EDGE, normal } from "./ziggurat.js";

const WORDS = 4;
const [INIT_A, MULT_A] = [0x43b0d7e5, 0x931e8875];
const [INIT_B, MULT_B] = [0x8b51f9dd, 0x58f38ded];
const [MIX_LEFT, MIX_RIGHT] = [0xca01f9dd, 0x4973f715];

const MULTIPLIER = 0x2360ed051fc65da44385df649fccf645n;
const MASK_64 = (1n << 64n) - 1n;
const MASK_128 = (1n << 128n) - 1n;

/** The 32-bit words of a whole number, the lowest first. */
function wordsOf(number) {
  const words = [];
  let rest = BigInt(number);
  do {
    words.push(Number(rest & 0xffffffffn));
    rest >>= 32n;
  } while (rest > 0n);
  return words;
}

/** A function that hashes one word after the other, each with another constant. */
function hasher(constant, multiplier) {
  return (value) => {
    value ^= constant;
    constant = Math.imul(constant, multiplier);
    value = Math.imul(value, constant);
    return (value ^ (value >>> 16)) >>> 0;
  };
}

function mixed(left, right) {
  const value = Math.imul(MIX_LEFT, left) - Math.imul(MIX_RIGHT, right);
  return ((value ^ (value >>> 16)) >>> 0);
}

/**
 * The state of a `SeedSequence`.
 * @param {number[]} entropy  whole numbers of 0 or more
 * @param {number} count  of 64-bit words
 * @returns {bigint[]}
 */
export function seedWords(entropy, count) {
  const words = entropy.flatMap(wordsOf);
  const hash = hasher(INIT_A, MULT_A);
  const pool = [];
  for (let i = 0; i < WORDS; i++) pool.push(hash(words[i] ?? 0));
  for (let from = 0; from < WORDS; from++) {
    for (let to = 0; to < WORDS; to++) {
      if (from !== to) pool[to] = mixed(pool[to], hash(pool[from]));
    }
  }
  for (const word of words.slice(WORDS)) {
    for (let to = 0; to < WORDS; to++) pool[to] = mixed(pool[to], hash(word));
  }
  const output = hasher(INIT_B, MULT_B);
  const halves = [];
  for (let i = 0; i < 2 * count; i++) halves.push(BigInt(output(pool[i % WORDS])));
  return Array.from({ length: count }, (_, i) => halves[2 * i] | (halves[2 * i + 1] << 32n));
}

/** `numpy.random.default_rng` of a seed of one or several whole numbers. */
export class Generator {
  #state;
  #increment;

  /** @param {number | number[]} seed */
  constructor(seed) {
    const [a, b, c, d] = seedWords([seed].flat(), 4);
    this.#increment = ((((c << 64n) | d) << 1n) | 1n) & MASK_128;
    this.#state = this.#increment;
    this.#state = (this.#state + ((a << 64n) | b)) & MASK_128;
    this.#step();
  }

  #step() {
    this.#state = (this.#state * MULTIPLIER + this.#increment) & MASK_128;
  }

  /** 64 random bits. @returns {bigint} */
  bits() {
    this.#step();
    const folded = (this.#state >> 64n) ^ (this.#state & MASK_64);
    const turn = this.#state >> 122n;
    return ((folded >> turn) | (folded << (64n - turn))) & MASK_64;
  }

  /** A number in [0, 1). */
  random() {
    return Number(this.bits() >> 11n) / 2 ** 53;
  }

  /** A standard normal number. */
  standardNormal() {
    for (;;) {
      const bits = this.bits();
      const strip = Number(bits & 0xffn);
      const sign = (bits >> 8n) & 1n ? -1 : 1;
      const whole = (bits >> 9n) & 0xfffffffffffffn;
      const size = Number(whole);
      const x = sign * size * normal.width[strip];
      if (size < normal.inside[strip]) return x;
      if (strip === 0) return this.#tail((whole >> 8n) & 1n ? -1 : 1);
      const [above, below] = [normal.height[strip - 1], normal.height[strip]];
      if ((above - below) * this.random() + below < base(x)) return x;
    }
  }

  #tail(sign) {
    for (;;) {
      const x = -Math.log1p(-this.random()) / EDGE;
      const y = -Math.log1p(-this.random());
      if (y + y > x * x) return sign * (EDGE + x);
    }
  }
}
