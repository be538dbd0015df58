/**
 * The hand on the paper as a folder for the scripts, and the command that makes a font
 * of it.
 */

import { pixelsOf } from "./photos.js";
import { zip } from "./zip.js";

// What a mixed hand writes to show itself.
const SHOWN = "永道国語書言東山春夏秋冬のあいなをまきたはす";
const HIRAGANA = [0x3041, 0x3096];
const KATAKANA = [0x30a1, 0x30f6];
const FOLDER = "hand";

/**
 * The saved hand.
 *
 * @param {{made: any, engine: any, hands: any, sheet: any}} writing
 * @returns {Promise<{blob: Blob, name: string}>}
 */
export async function savedHand(writing) {
  const kind = kindOf(writing.made);
  const files = [];
  if (kind === "photo") files.push(...(await imagesOf(writing.hands.photos.cells)));
  if (kind === "draw" || kind === "mixed") {
    const hand = kind === "draw" ? drawn(writing.hands.drawings) : await written(writing);
    files.push({ name: "strokes.json", content: JSON.stringify({ hand }) });
  }
  files.push({ name: "characters.txt", content: wanted(writing).join("\n") + "\n" });
  const inside = files.map((file) => ({ ...file, name: `${FOLDER}/${file.name}` }));
  return { blob: zip(inside), name: `${FOLDER}.zip` };
}

/**
 * The commands that make a font of a saved hand that lies beside them.
 *
 * @param {any} made  see `Writing.made`
 * @returns {string}
 */
export function commandOf(made) {
  const kind = kindOf(made);
  const { temperature, guidance } = made.settings;
  const shown = {
    photo: `--handwriting=${FOLDER}/images`,
    seed: `--seed=${made.word.slice("seed:".length)}`,
  };
  const prepare = [
    "python -m experiments.prepare_strokes",
    `--online=${FOLDER}/strokes.json`,
    `--output=${FOLDER}/prepared`,
  ];
  const font = [
    "python -m experiments.make_font",
    "--generator_weights=saved_models/jis1-writer",
    shown[kind] ?? `--strokes=${FOLDER}/prepared/strokes.store`,
    `--characters=${FOLDER}/characters.txt`,
    `--temperature=${temperature}`,
    `--guidance_hand=${guidance}`,
    `--output=${FOLDER}.otf`,
  ];
  const commands = kind in shown ? [font] : [prepare, font];
  return commands.map((words) => words.join(" \\\n    ")).join("\n");
}

/** What shows the hand: "draw", "photo", "seed", or "mixed" if the engine writes it. */
function kindOf({ word, settings }) {
  if (settings.mix > 0) return "mixed";
  return word.startsWith("seed:") ? "seed" : word;
}

/** {character: strokes} as the visitor drew them. */
function drawn({ samples }) {
  return Object.fromEntries(samples.map((one) => [one.character, one.strokes]));
}

/** {character: strokes} as the engine writes them. */
async function written({ made, hands, engine }) {
  const strokes = {};
  const options = {
    ...made.settings,
    hand: await hands.of(made.word),
    otherHand: made.other ? await hands.of(made.other) : null,
    seed: made.seed,
  };
  for await (const { character, lines, fault } of engine.write(SHOWN, options)) {
    if (fault === null) strokes[character] = lines.flatMap(inkOf);
  }
  return strokes;
}

/** The pieces of a line that have ink, as lists of points. */
function inkOf({ points, radii }) {
  const pieces = [];
  radii.forEach((radius, i) => {
    if (radius > 0 && !(i && radii[i - 1] > 0)) pieces.push([]);
    if (radius > 0) pieces.at(-1).push([points[2 * i], points[2 * i + 1]].map(rounded));
  });
  return pieces;
}

const rounded = (value) => Math.round(value * 1e4) / 1e4;

async function imagesOf(cells) {
  const counts = new Map();
  const images = [];
  for (const cell of cells) {
    const count = (counts.get(cell.character) ?? 0) + 1;
    counts.set(cell.character, count);
    const canvas = new OffscreenCanvas(cell.width, cell.height);
    canvas.getContext("2d").putImageData(pixelsOf(cell), 0, 0);
    const blob = await canvas.convertToBlob({ type: "image/png" });
    const code = cell.character.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");
    const name = `images/U+${code}/${count}.png`;
    images.push({ name, content: new Uint8Array(await blob.arrayBuffer()) });
  }
  return images;
}

/** The kana and what else the text has, as far as the writer writes it. */
function wanted({ engine, sheet }) {
  const kana = [HIRAGANA, KATAKANA].flatMap(([first, last]) =>
    Array.from({ length: last - first + 1 }, (_, i) => String.fromCodePoint(first + i)),
  );
  const text = [...sheet.lines.keys()].map((index) => sheet.characters[index]);
  const known = new Set(engine.characters);
  return [...new Set([...kana, ...text])].filter((character) => known.has(character));
}
