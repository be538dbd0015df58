/** Writes a text in batches, and hands its characters over in order. */

import { InputError } from "../photo/errors.js";
import { between, inText } from "./textsize.js";
import { graphemes, isSpace } from "./text.js";

// Characters of the first batches, so that the first one comes soon, and of all others.
const SIZES = [4, 8, 16];
const SIZE = 32;

/**
 * @param {string} text
 * @param {any} options  see `DEFAULTS` of client.js
 * @param {{writer: import("./writer.js").Writer, hands: import("./hands.js").Hands,
 *   signal: AbortSignal}} engine
 * @returns {AsyncGenerator<import("./client.js").Written>}
 */
export async function* compose(text, options, { writer, hands, signal }) {
  const { hand, otherHand, seed, asText, ...rest } = options;
  const settings = checked(rest);
  if (!(Number.isSafeInteger(seed) && seed >= 0)) throw new InputError("wholeNumber", { name: "seed" });
  const shown = await hands.encoded(hand, seed);
  const other = otherHand && settings.mix ? await hands.encoded(otherHand, seed) : null;
  const sized = asText ? await sizing(hands, writer, options) : (track) => track;
  for (const batch of batches(text, seed, writer)) {
    signal.throwIfAborted();
    const known = batch.filter(({ fault }) => fault === null);
    const tracks = await writer.write(known, shown, other, settings, signal);
    const written = new Map(known.map((wanted, i) => [wanted, sized(tracks[i]).asLines()]));
    for (const wanted of batch) {
      const { index, character, fault } = wanted;
      yield { index, character, lines: written.get(wanted) ?? [], fault };
    }
  }
}

/** A function that gives a track the size and the place that it has in a text. */
async function sizing(hands, { templates }, { hand, otherHand, mix, seed }) {
  const own = await hands.manner(hand, seed);
  const mixed = otherHand && mix;
  const manner = mixed ? between(own, await hands.manner(otherHand, seed), mix) : own;
  return (track) => inText(track, templates, manner);
}

/** The characters of a text that are no spaces, in batches. */
function* batches(text, seed, writer) {
  const { firstRow } = writer.facts;
  const sizes = [...SIZES];
  let [batch, row] = [[], 0];
  for (const [index, character] of graphemes(text).entries()) {
    if (isSpace(character)) continue;
    const fault = writer.templates.has(character)
      ? null
      : `${character} is none of the characters that can be written.`;
    // The noise follows from the place, so that other characters stay as they are.
    batch.push({ index, character, fault, seed: [seed, firstRow + row++] });
    if (batch.length < (sizes[0] ?? SIZE)) continue;
    yield batch;
    batch = [];
    sizes.shift();
  }
  if (batch.length) yield batch;
}

function checked(settings) {
  for (const [name, most] of Object.entries({ temperature: 2, guidance: 3, mix: 1, strength: 1.5 })) {
    const value = settings[name];
    if (!(value >= 0 && value <= most)) throw new InputError("numberUpTo", { name, most });
  }
  return settings;
}
