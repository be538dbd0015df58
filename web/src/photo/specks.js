/** What is no part of a character: neighbours, specks, what shines through. */

import { dilated, distances, most } from "./filters.js";
import { bounds, boundsOfPieces, edgePixels, maskOf, pieces, total } from "./ink.js";

/** @typedef {import("./ink.js").Grid} Grid */

// A connected piece is a speck if it is at most these shares of the image and the ink.
const [SPECK_OF_IMAGE, SPECK_OF_INK] = [0.0005, 0.01];
// One that is far from all other ink may be so many times as large.
const ALONE = 4;
// A speck nearer to ink than this share of the side may be a part of it.
const SPECK_DISTANCE = 0.03;
// Depth of a neighbour at one edge, and at one of two opposite edges.
const [DEPTH, DEPTH_OF_BOTH] = [0.15, 0.06];
// The least distances of the character from its neighbours and from the edges.
const [GAP, CLEAR] = [0.03, 0.02];
// The least share of the ink and of the side that a character with neighbours has.
const [LEAST_INK, LEAST_SIDE] = [0.75, 0.4];
// Darkness below which what is apart from ink comes from the other side of the paper.
const SHINES_THROUGH = 0.42;

/**
 * Which of the pieces of ink are specks, by their numbers; paper is none.
 * @param {Int32Array} labels
 * @param {Float64Array} areas
 * @param {number} [larger] factor on the share of the ink that a speck may have
 * @returns {boolean[]}
 */
export function specks(labels, areas, larger = 1) {
  const share = larger * SPECK_OF_INK * total(areas);
  const largest = Math.min(SPECK_OF_IMAGE * labels.length, share);
  return Array.from(areas, (area) => area > 0 && area <= largest);
}

/** @returns {Grid} the image, white where `erased` says so. */
function without({ data, width, height }, erased) {
  return { data: data.map((grey, k) => (erased(k) ? 255 : grey)), width, height };
}

/**
 * Erases specks that are far from all other ink, and faint spots and writing.
 * @param {Grid} image greys
 * @param {Grid} ink mask of what is darker than a threshold
 * @returns {Grid}
 */
export function withoutSpecks(image, ink) {
  const { labels, areas } = pieces(ink);
  const small = specks(labels, areas, ALONE);
  const kept = { ...ink, data: ink.data.map((is, k) => is && !small[labels[k]]) };
  if (!total(kept.data)) return image;
  const side = Math.max(ink.width, ink.height);
  const reach = Math.ceil(2 + 0.015 * side);
  const near = most(kept, 2 * reach + 1).data;
  const lightest = 255 * (1 - SHINES_THROUGH);
  let spots = null;
  let apart = null;
  if (small.some(Boolean)) {
    apart = distances(kept);
    const nearest = new Float64Array(areas.length).fill(Infinity);
    labels.forEach((label, k) => (nearest[label] = Math.min(nearest[label], apart[k])));
    const least = Math.max(reach, SPECK_DISTANCE * side);
    const alone = small.map((is, label) => is && nearest[label] > least);
    const mask = { ...ink, data: ink.data.map((_, k) => alone[labels[k]]) };
    spots = dilated(mask, 2).data;
  }
  return without(image, (k) => {
    const grey = image.data[k];
    const faint = grey > lightest && grey < 255 && !near[k];
    return faint || (spots !== null && spots[k] && apart[k] > reach);
  });
}

/**
 * Erases pieces of other characters that the edges cut.
 *
 * Nothing is done unless the rest is a character by itself that touches no edge.
 * @param {Grid} image greys
 * @param {Grid} ink mask of what is darker than a threshold
 * @returns {Grid}
 */
export function withoutNeighbours(image, ink) {
  if (!edgePixels(ink).some(Boolean)) return image;
  const { width, height } = ink;
  const { labels, areas } = pieces(ink);
  const boxes = boundsOfPieces(labels, width, areas.length);
  const sides = (box) => [
    box.top === 0,
    box.right === width,
    box.bottom === height,
    box.left === 0,
  ];
  const touched = [0, 1, 2, 3].map((k) => boxes.some((box) => box && sides(box)[k]));
  const both = [touched[0] && touched[2], touched[1] && touched[3]];
  const foreign = boxes.map((box) => {
    if (!box) return false;
    const depths = [
      box.bottom / height,
      1 - box.left / width,
      1 - box.top / height,
      box.right / width,
    ];
    return sides(box).some((touches, side) => {
      return touches && depths[side] <= (both[side % 2] ? DEPTH_OF_BOTH : DEPTH);
    });
  });
  if (!foreign.some(Boolean)) return image;
  const others = maskOf({ ...ink, data: labels }, (label) => foreign[label]);
  const rest = { ...ink, data: ink.data.map((is, k) => is && !others.data[k]) };
  if (total(rest.data) < LEAST_INK * total(ink.data)) return image;
  const { top, bottom, left, right } = bounds(rest);
  const clear =
    top >= CLEAR * height &&
    height - bottom >= CLEAR * height &&
    left >= CLEAR * width &&
    width - right >= CLEAR * width;
  const side = Math.max(bottom - top, right - left);
  if (!clear || side < LEAST_SIDE * Math.max(height, width)) return image;
  const apart = distances(rest);
  const nearest = others.data.reduce((d, is, k) => (is ? Math.min(d, apart[k]) : d), 1e9);
  if (nearest < GAP * Math.max(height, width)) return image;
  const grown = dilated(others, 3).data;
  return without(image, (k) => grown[k] && apart[k] > 2);
}
