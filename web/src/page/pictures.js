/** The written text as a picture: SVG, or PNG in pixels. */

import { UNITS } from "./ink.js";

const SVG = "http://www.w3.org/2000/svg";
// Sides of a cell in the pictures, in pixels; few enough for what browsers can draw.
const CELL = 96;
const MOST_PIXELS = 16_000_000;
const LONGEST_SIDE = 16_000;
const INK = "#1b1a19";
// Glyphs that are drawn before the page may answer again.
const TOGETHER = 100;

/**
 * @param {import("./sheet.js").Sheet} sheet
 * @returns {Promise<Blob>}
 */
export async function svgOf({ paper, characters }) {
  const [width, height] = paper.size.map((cells) => Math.round(cells * UNITS));
  const tree = document.implementation.createDocument(SVG, "svg", null);
  const root = tree.documentElement;
  const sides = { width: width / 10, height: height / 10 };
  const attributes = { ...sides, viewBox: `0 0 ${width} ${height}`, fill: INK };
  for (const [name, value] of Object.entries(attributes)) {
    root.setAttribute(name, String(value));
  }
  const title = tree.createElementNS(SVG, "title");
  title.textContent = characters.join("");
  root.append(title);
  for await (const glyph of inTurns(paper.glyphs.values())) {
    const path = tree.createElementNS(SVG, "path");
    const [x, y] = paper.cellOf(glyph).map((cells) => Math.round(cells * UNITS));
    path.setAttribute("transform", `translate(${x} ${y})`);
    path.setAttribute("d", glyph.data);
    root.append(path);
  }
  const text = new XMLSerializer().serializeToString(tree);
  return new Blob([text], { type: "image/svg+xml" });
}

/**
 * @param {import("./sheet.js").Sheet} sheet
 * @returns {Promise<Blob>} dark ink on white paper
 */
export async function pngOf({ paper }) {
  const [width, height] = paper.size;
  const scale = Math.min(
    CELL,
    LONGEST_SIDE / Math.max(width, height),
    Math.sqrt(MOST_PIXELS / (width * height)),
  );
  const canvas = new OffscreenCanvas(Math.ceil(width * scale), Math.ceil(height * scale));
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = INK;
  for await (const glyph of inTurns(paper.glyphs.values())) {
    const [x, y] = paper.cellOf(glyph);
    const side = scale / UNITS;
    context.setTransform(side, 0, 0, side, x * scale, y * scale);
    context.fill(glyph.path);
  }
  return canvas.convertToBlob({ type: "image/png" });
}

/** Items one after the other, with pauses in which the page may answer. */
async function* inTurns(items) {
  let count = 0;
  for (const item of [...items]) {
    yield item;
    if (++count % TOGETHER === 0) await new Promise((next) => setTimeout(next));
  }
}
