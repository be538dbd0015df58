/**
 * The worker of the engine, which does what `client.js` asks for.
 *
 * A message is {id, call, values}; the answers to it are any number of {id, part}, then
 * {id, result} or {id, error}. {id, cancel: true} ends a call early.
 */

import { compose } from "./composing.js";
import { InputError } from "../photo/errors.js";
import { loadModels } from "./download.js";
import { drawLines } from "./drawing.js";
import { Hands } from "./hands.js";
import { Reader } from "./reader.js";
import { Graph, loadRuntime } from "./runtime.js";
import { Templates } from "./template.js";
import { Writer } from "./writer.js";

/** What reads pictures, loaded when the first one comes. */
const photos = () => import("../photo/index.js");

let hands, reader, templates, writer;
const running = new Map();

const CALLS = {
  async open({ base }, { send }) {
    const [ort, { about, files }] = await Promise.all([
      loadRuntime(),
      loadModels(base, (progress) => send(progress)),
    ]);
    const [characters, readable] = [[...about.characters], [...about.readable]];
    const graph = (name) => Graph.open(ort, files[`${name}.onnx`], name);
    const graphs = { hand: await graph("hand"), step: await graph("step"), lines: await graph("lines") };
    templates = new Templates(files.strokes, characters, about.strokes.side);
    writer = new Writer(graphs, templates, about.writer);
    reader = new Reader(await graph("reader"), readable, about.reader);
    hands = new Hands(writer);
    return { characters, readable };
  },

  handOfStrokes: ({ samples }) => hands.ofStrokes(samples),
  handOfTracks: ({ tracks }) => hands.ofTracks(tracks),
  async handOfImages({ cells }) {
    const { fitImages } = await photos();
    const templateOf = (character) =>
      templates.has(character) ? templates.strokes(character) : null;
    return hands.ofFits(fitImages(cells, templateOf, writer.facts.points));
  },

  async readSheet({ data, width, height }) {
    const { readSheet } = await photos();
    return readSheet(data, width, height).map(({ character, ...image }) => ({ character, image }));
  },

  newHand: ({ seed }) => hands.made(seed),

  strokes: ({ character, count }) => templates.strokes(character, count),

  async write({ text, options }, { send, signal }) {
    for await (const written of compose(text, options, { writer, hands, signal })) send(written);
  },

  draw: ({ lines, size, options }) => drawLines(lines, size, options),

  async read({ grey, width, height, options: { among = null, cleaned = false } }) {
    if (cleaned) return reader.read(grey, among);
    const { cleanImage } = await photos();
    return reader.read(cleanImage(grey, width, height), among);
  },
};

self.onmessage = async ({ data: { id, call, values, cancel } }) => {
  if (cancel) {
    running.get(id)?.abort();
    return;
  }
  const stop = new AbortController();
  running.set(id, stop);
  const send = (part) => self.postMessage({ id, part });
  try {
    const result = await CALLS[call](values, { send, signal: stop.signal });
    self.postMessage({ id, result });
  } catch (error) {
    if (!(error instanceof InputError) && !stop.signal.aborted) console.error(error);
    self.postMessage({ id, error: error.refusal ?? { message: error.message || String(error) } });
  } finally {
    running.delete(id);
  }
};
