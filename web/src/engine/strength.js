/** How far a written character goes away from its plain template. */

import { Track } from "./track.js";

const PLAIN_RADIUS = 0.02;

/**
 * A track between its template and itself, or beyond.
 * @param {Track} track  as it was written
 * @param {Float32Array} template  x and y of the points of all its strokes, and of more
 * @param {number} strength  0: the template, 1: the track
 */
export function softened(track, template, strength) {
  const { each, n } = track;
  const plain = Array.from({ length: n }, (_, i) =>
    template.subarray(2 * i * each, 2 * (i + 1) * each),
  );
  const even = plain.map(() => new Float32Array(each));
  const target = Track.ofStrokes(track.character, plain, even).points;
  const points = track.points.map((x, i) => target[i] + strength * (x - target[i]));
  const pen = meanRadius(track);
  const written = strength >= 0.5;
  const radii = track.radii.map((radius, i) => {
    const way = Math.floor(i / each) % 2 === 1;
    // What is joined or left out changes at once, half-way.
    if (way || !(radius > 0)) return written ? radius : way ? 0 : pen;
    return pen * (radius / pen) ** strength;
  });
  return new Track(track.character, points, radii, each);
}

/** The geometric mean of the radii of the strokes. */
function meanRadius({ radii, each }) {
  let [sum, count] = [0, 0];
  radii.forEach((radius, i) => {
    if (!(radius > 0) || Math.floor(i / each) % 2 === 1) return;
    sum += Math.log(radius);
    count++;
  });
  return count ? Math.exp(sum / count) : PLAIN_RADIUS;
}
