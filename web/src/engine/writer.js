/** The stroke writer: hands, and characters in them. */

import { breath, sample } from "./sampler.js";
import { handInputs } from "./pairs.js";
import { Generator } from "./random.js";
import { softened } from "./strength.js";
import { Track } from "./track.js";

// Characters with about as many strokes are written together.
const STEP = 4;

/**
 * @typedef {{encoded: any, frame: Float32Array}} Encoded  what the graph `hand` gives
 * @typedef {{temperature: number, guidance: number, mix: number, strength: number}} Settings
 * @typedef {{character: string, seed: number[]}} Wanted
 */
export class Writer {
  /**
   * @param {{hand: any, step: any, lines: any}} graphs
   * @param {import("./template.js").Templates} templates
   * @param {any} facts  `writer` of models.json
   */
  constructor(graphs, templates, facts) {
    this.graphs = graphs;
    this.templates = templates;
    this.facts = facts;
  }

  /**
   * What the denoiser reads of a hand.
   * @param {Track[]} tracks  none: no hand
   * @param {number} seed
   * @returns {Promise<Encoded>}
   */
  async encode(tracks, seed) {
    const inputs = handInputs(tracks, this.templates, this.facts, seed);
    const { frame, ...encoded } = await this.graphs.hand.run(inputs);
    return { encoded, frame: Float32Array.from(frame.data) };
  }

  /** No hand, encoded once. @returns {Promise<Encoded>} */
  none() {
    this.nobody ??= this.encode([], 0);
    return this.nobody;
  }

  /** What is stored in the model, in one hand. @returns {Settings} */
  get defaults() {
    const { temperature, guidance } = this.facts;
    return { temperature, guidance, mix: 0, strength: 1 };
  }

  /**
   * Tracks in a new hand, which `encode` then takes.
   * @param {number} seed
   * @returns {Promise<Track[]>}
   */
  async newHand(seed) {
    const [first, ...groups] = this.facts.firstCharacters;
    const numbers = drawnFrame(this.facts.newHands, new Generator(seed));
    const alone = await this.write(wanted(first, seed, 0), await this.none());
    const hand = alone.map((track) => framed(track, numbers).inBox());
    for (const group of groups) {
      const shown = await this.encode(hand, seed);
      hand.push(...(await this.write(wanted(group, seed, hand.length), shown)));
    }
    return hand;
  }

  /**
   * Writes characters together.
   * @param {Wanted[]} wanted  characters that the templates have
   * @param {Encoded} hand
   * @param {Encoded | null} other  to mix with
   * @param {Settings} settings
   * @param {AbortSignal | null} signal
   * @returns {Promise<Track[]>}
   */
  async write(wanted, hand, other = null, settings = this.defaults, signal = null) {
    const widths = wanted.map(({ character }) => this.#width(character));
    const written = new Array(wanted.length);
    for (const width of new Set(widths)) {
      const chosen = wanted.map((_, i) => i).filter((i) => widths[i] === width);
      const batch = this.#batch(chosen.map((i) => wanted[i]), width);
      const tracks = await this.#sampled(batch, hand, other, settings, signal);
      chosen.forEach((place, i) => (written[place] = tracks[i]));
    }
    return written;
  }

  #width(character) {
    return Math.ceil(this.templates.count(character) / STEP) * STEP;
  }

  #batch(wanted, width) {
    const { points, features } = this.facts;
    const rows = wanted.length;
    const template = new Float32Array(rows * width * points * 2);
    const mask = new Uint8Array(rows * width);
    const noise = new Float32Array(rows * width * features);
    wanted.forEach(({ character, seed }, row) => {
      const strokes = this.templates.placed(character, points);
      template.set(strokes, row * width * points * 2);
      const count = strokes.length / (2 * points);
      mask.fill(1, row * width, row * width + count);
      const random = new Generator(seed);
      const first = row * width * features;
      // What fills up a row has no part in the result.
      for (let i = 0; i < count * features; i++) noise[first + i] = random.standardNormal();
    });
    const shared = {
      template: { data: template, dims: [rows, width, points, 2] },
      template_mask: { data: mask, dims: [rows, width] },
    };
    return { wanted, shared, noise, dims: [rows, width, features] };
  }

  async #sampled(batch, hand, other, settings, signal) {
    const { temperature, guidance, mix } = settings;
    const { shared, noise, dims } = batch;
    const none = await this.none();
    // As in the package, guidance of 0 leaves the hand out.
    const hands = guidance === 0 ? [[none, 1]] : weighted(hand, other, mix);
    const most = this.facts.mostDeviations;
    const run = async (noisy, logSnr, { encoded }) => {
      const { estimate } = await this.graphs.step.run({
        noisy: { data: noisy, dims },
        log_snr: { data: Float32Array.of(logSnr), dims: [1] },
        ...shared,
        ...encoded,
      });
      return estimate.data;
    };
    const denoise = async (noisy, logSnr) => {
      let estimate = null;
      for (const [one, weight] of hands) {
        const part = await run(noisy, logSnr, one);
        estimate = estimate ?? new Float32Array(part.length);
        for (let i = 0; i < part.length; i++) estimate[i] += weight * part[i];
      }
      if (guidance !== 0 && guidance !== 1) {
        const plain = await run(noisy, logSnr, none);
        for (let i = 0; i < plain.length; i++) {
          estimate[i] += (guidance - 1) * (estimate[i] - plain[i]);
        }
      }
      return estimate.map((value) => Math.min(Math.max(value, -most), most));
    };
    const { drawn } = this.facts;
    const start = noise.map((value, i) => (drawn[i % drawn.length] ? temperature * value : 0));
    const features = await sample(denoise, start, this.facts.logSnrs, signal);
    const frame = mixed(hands.map(([{ frame: numbers }, weight]) => [numbers, weight]));
    const { points, radii } = await this.graphs.lines.run({
      features: { data: features, dims },
      ...shared,
      frame: { data: frame, dims: [7] },
    });
    await breath();
    return this.#tracks(batch, points.data, radii.data, settings.strength);
  }

  #tracks({ wanted, shared, dims }, points, radii, strength) {
    const each = this.facts.points;
    const lines = 2 * dims[1] - 1;
    return wanted.map(({ character }, row) => {
      const own = (2 * this.templates.count(character) - 1) * each;
      const first = row * lines * each;
      const track = new Track(
        character,
        points.subarray(2 * first, 2 * (first + own)),
        radii.subarray(first, first + own),
        each,
      );
      if (strength === 1) return track.inBox();
      const size = dims[1] * each * 2;
      const template = shared.template.data.subarray(row * size, (row + 1) * size);
      return softened(track, template, strength).inBox();
    });
  }
}

function wanted(characters, seed, row) {
  return [...characters].map((character, i) => ({ character, seed: [seed, row + i] }));
}

function weighted(hand, other, mix) {
  if (other === null || mix === 0) return [[hand, 1]];
  return mix === 1 ? [[other, 1]] : [[hand, 1 - mix], [other, mix]];
}

function mixed(parts) {
  const sum = new Float32Array(parts[0][0].length);
  for (const [numbers, weight] of parts) numbers.forEach((x, i) => (sum[i] += weight * x));
  return sum;
}

/** The numbers of the frame of a new hand. */
function drawnFrame({ mean, deviation }, random) {
  // More than two deviations would be no hand that anybody writes.
  const bell = () => Math.min(Math.max(random.standardNormal(), -2), 2);
  return Float32Array.from(mean, (middle, i) => middle + deviation[i] * bell());
}

/** A track as a hand writes it that has these numbers. */
function framed(track, numbers) {
  const [a, b, c, d, right, down, pen] = numbers;
  const points = new Float32Array(track.points.length);
  for (let i = 0; i < points.length; i += 2) {
    const [x, y] = [track.points[i] - 0.5, track.points[i + 1] - 0.5];
    points[i] = 0.5 + x + a * x + b * y + right;
    points[i + 1] = 0.5 + y + c * x + d * y + down;
  }
  const radii = track.radii.map((radius) => radius * Math.exp(pen));
  return new Track(track.character, points, radii, track.each);
}
