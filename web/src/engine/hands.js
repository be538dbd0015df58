/** The hands that the page has shown or made up. */

import { InputError } from "../photo/errors.js";
import { matchedTrack } from "./match/fitting.js";
import { mannerOf } from "./textsize.js";
import { Track } from "./track.js";

// Half the width of a drawn line, as a share of the box.
const RADIUS = 0.015;
// Larger coordinates are a mistake.
const LARGEST = 1e4;

export class Hands {
  #writer;
  #hands = new Map();
  #next = 1;

  /** @param {import("./writer.js").Writer} writer */
  constructor(writer) {
    this.#writer = writer;
  }

  /** A hand from drawn characters. @param {import("./client.js").DrawnSample[]} samples */
  ofStrokes(samples) {
    const { templates, facts } = this.#writer;
    return this.#ofEach(samples, ({ character, strokes, radius = RADIUS }) => {
      const sample = checkedStrokes(strokes);
      const template = templates.strokes(character);
      return matchedTrack(character, template, sample, { radius, points: facts.points });
    });
  }

  /** A hand from fitted tracks. @param {import("./client.js").FittedTrack[]} tracks */
  ofTracks(tracks) {
    const { templates, facts } = this.#writer;
    return this.#ofEach(tracks, ({ character, points, radii }) => {
      const track = new Track(character, points, radii, facts.points);
      if (track.n === templates.count(character)) return track;
      throw new InputError("otherCount");
    });
  }

  #ofEach(samples, fit) {
    if (!samples.length) throw new InputError("noCharacter");
    const tracks = [];
    const shown = samples.map((sample) => {
      const { character } = sample;
      try {
        if (!this.#writer.templates.has(character)) {
          throw new InputError("unwritable");
        }
        tracks.push(fit(sample));
        return { character, fault: null };
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        return { character, fault: error.refusal };
      }
    });
    return this.ofFits({ tracks, shown });
  }

  /** A hand from what was fitted to images, and what was not. */
  ofFits({ tracks, shown }) {
    const { facts } = this.#writer;
    if (!tracks.length) {
      const [{ character, fault: why }] = shown;
      throw new InputError("noHand", { character, why });
    }
    const own = tracks.map(({ character, points, radii }) =>
      new Track(character, points, radii, facts.points),
    );
    return { id: this.#keep(Promise.resolve(own)), shown };
  }

  /** A made-up hand. @param {number} seed */
  async made(seed) {
    const tracks = this.#writer.newHand(seed);
    await tracks;
    return { id: this.#keep(tracks) };
  }

  #keep(tracks) {
    const id = this.#next++;
    this.#hands.set(id, { tracks, encoded: new Map() });
    return id;
  }

  /** The made-up hand of a seed, made once. */
  #ofSeed(seed) {
    const key = `new ${seed}`;
    if (!this.#hands.has(key)) {
      this.#hands.set(key, { tracks: this.#writer.newHand(seed), encoded: new Map() });
    }
    return this.#hands.get(key);
  }

  /**
   * What the denoiser reads of a hand.
   * @param {{id: number} | null} hand  null: the made-up one of the seed
   * @param {number} seed
   * @returns {Promise<import("./writer.js").Encoded>}
   */
  async encoded(hand, seed) {
    const kept = this.#kept(hand, seed);
    const tracks = await kept.tracks;
    if (!kept.encoded.has(seed)) {
      // Another try has another seed, and the last one is not needed.
      kept.encoded.clear();
      kept.encoded.set(seed, this.#writer.encode(tracks, seed));
    }
    return kept.encoded.get(seed);
  }

  /** How wide the hand is, and what its pen is, see `mannerOf`. */
  async manner(hand, seed) {
    return mannerOf(await this.#kept(hand, seed).tracks, this.#writer.templates);
  }

  #kept(hand, seed) {
    const kept = hand === null ? this.#ofSeed(seed) : this.#hands.get(hand.id);
    if (!kept) throw new InputError("handGone");
    return kept;
  }
}

/** The strokes as lines of points. @param {number[][][]} strokes */
function checkedStrokes(strokes) {
  const lines = strokes.map((stroke) => Float64Array.from(stroke.flatMap(([x, y]) => [x, y])));
  const whole = lines.filter((line) => line.length);
  if (!whole.length) throw new InputError("noStrokes");
  const good = (number) => Math.abs(number) < LARGEST;
  if (!whole.every((line) => line.every(good))) throw new InputError("noNumber");
  return whole;
}
