/**
 * The strokes of KanjiVG (Ulrich Apel, CC BY-SA 3.0), which the writer moves.
 *
 * `packed_strokes` of web/models.py describes the file.
 */

import { resample } from "./curves.js";
import { Track } from "./track.js";

// Straight pieces that replace a Bézier curve before it is resampled.
const PIECES = 24;
const TEMPLATE_RADIUS = 0.02;

export class Templates {
  #characters;
  #curves;
  #points;
  #side;
  #kept = new Map();

  /**
   * @param {Uint8Array} bytes  of the file
   * @param {string[]} characters  those of the file, in order
   * @param {number} side  of a character's box in the file's unit
   */
  constructor(bytes, characters, side) {
    this.#side = side;
    const counts = bytes.subarray(0, characters.length);
    const strokes = counts.reduce((sum, count) => sum + count, 0);
    const curves = bytes.subarray(characters.length, characters.length + strokes);
    const points = curves.reduce((sum, count) => sum + 3 * count + 1, 0);
    const planes = bytes.subarray(characters.length + strokes);
    if (planes.length !== 4 * points) throw new Error("The file of strokes is damaged.");
    this.#points = new Int32Array(2 * points);
    for (let axis = 0; axis < 2; axis++) {
      let value = 0;
      for (let i = 0; i < points; i++) {
        const low = planes[axis * points + i];
        const high = planes[(axis + 2) * points + i];
        value += (((high << 8) | low) << 16) >> 16;
        this.#points[2 * i + axis] = value;
      }
    }
    this.#curves = curves;
    this.#characters = new Map();
    let [stroke, point] = [0, 0];
    characters.forEach((character, index) => {
      this.#characters.set(character, { stroke, point, count: counts[index] });
      for (let end = stroke + counts[index]; stroke < end; stroke++) {
        point += 3 * curves[stroke] + 1;
      }
    });
  }

  has(character) {
    return this.#characters.has(character);
  }

  /** How many strokes a character has. */
  count(character) {
    return this.#characters.get(character).count;
  }

  /**
   * The strokes of a character in writing order, evenly spaced points in its box.
   * @returns {Float64Array[]}
   */
  strokes(character, count = 48) {
    let { stroke, point, count: strokes } = this.#characters.get(character);
    return Array.from({ length: strokes }, () => {
      const curves = this.#curves[stroke++];
      const line = this.#polyline(point, curves);
      point += 3 * curves + 1;
      return resample(line, count);
    });
  }

  #polyline(first, curves) {
    const points = this.#points.subarray(2 * first, 2 * (first + 3 * curves + 1));
    const line = new Float64Array(2 * (PIECES * curves + 1));
    for (let axis = 0; axis < 2; axis++) {
      line[axis] = points[axis] / this.#side;
      for (let curve = 0; curve < curves; curve++) {
        const [a, b, c, d] = [0, 1, 2, 3].map((k) => points[2 * (3 * curve + k) + axis]);
        for (let i = 1; i <= PIECES; i++) {
          const t = i / PIECES;
          const s = 1 - t;
          const value = s * s * s * a + 3 * s * s * t * b + 3 * s * t * t * c + t * t * t * d;
          line[2 * (PIECES * curve + i) + axis] = value / this.#side;
        }
      }
    }
    return line;
  }

  /**
   * The strokes in the place that the writer knows: they fill the box as images do.
   * @returns {Float32Array}  x and y of all points of all strokes
   */
  placed(character, count) {
    const key = `${character}${count}`;
    if (!this.#kept.has(key)) {
      const strokes = this.strokes(character, count);
      const radii = strokes.map(() => new Float64Array(count).fill(TEMPLATE_RADIUS));
      const track = Track.ofStrokes(character, strokes, radii).filling();
      this.#kept.set(key, track.strokePoints());
    }
    return this.#kept.get(key);
  }
}
