/** onnxruntime-web, for WebAssembly on one thread. */

import { InputError } from "../photo/errors.js";

const RUNTIME = new URL("../onnxruntime/", import.meta.url);

// The smallest module that uses a SIMD instruction: a function that returns a vector.
const SIMD = Uint8Array.of(
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0], // "\0asm", version 1
  ...[1, 5, 1, 0x60, 0, 1, 0x7b], // type: () -> v128
  ...[3, 2, 1, 0], // one function of it
  ...[10, 10, 1, 8, 0, 0x41, 0, 0xfd, 15, 0xfd, 98, 11], // i8x16.popcnt(i8x16.splat(0))
);

/** @returns {Promise<any>} the module `ort`, ready to make sessions */
export async function loadRuntime() {
  if (typeof WebAssembly !== "object" || !WebAssembly.validate(SIMD)) {
    throw new InputError("noSimd");
  }
  let ort;
  try {
    ort = await import(new URL("ort.wasm.min.mjs", RUNTIME).href);
  } catch {
    throw new InputError("notDownloaded", { name: "onnxruntime" });
  }
  ort.env.wasm.wasmPaths = RUNTIME.href;
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.proxy = false;
  ort.env.logLevel = "error";
  return ort;
}

/** A graph that runs on named arrays. */
export class Graph {
  #ort;
  #session;

  constructor(ort, session) {
    this.#ort = ort;
    this.#session = session;
  }

  /**
   * @param {any} ort
   * @param {Uint8Array} model
   * @param {string} name  for messages
   */
  static async open(ort, model, name) {
    try {
      const options = { executionProviders: ["wasm"], graphOptimizationLevel: "all" };
      return new Graph(ort, await ort.InferenceSession.create(model, options));
    } catch (error) {
      throw new InputError("deadModel", { name, reason: String(error.message ?? error) });
    }
  }

  /**
   * @param {Record<string, {data: Float32Array | Uint8Array, dims: number[]}>} inputs
   * @returns {Promise<Record<string, {data: Float32Array, dims: readonly number[]}>>}
   */
  async run(inputs) {
    const { Tensor } = this.#ort;
    const feeds = {};
    for (const [name, { data, dims }] of Object.entries(inputs)) {
      const type = data instanceof Uint8Array ? "bool" : "float32";
      feeds[name] = new Tensor(type, data, dims);
    }
    const results = await this.#session.run(feeds);
    const outputs = {};
    for (const [name, tensor] of Object.entries(results)) {
      outputs[name] = { data: tensor.data, dims: tensor.dims };
    }
    return outputs;
  }
}
