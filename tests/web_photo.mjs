// node tests/web_photo.mjs FOLDER: calls functions of web/src/photo for tests.
//
// FOLDER/calls.json lists the calls as {module, name, arguments}; an argument
// {start, stop, type} is that part of FOLDER/arrays.bin, and {lookup} a function that
// returns what its table has, or null. FOLDER/results.json gets {result}, or {error} of
// an InputError, of each; arrays become lists.
import { readFileSync, writeFileSync } from "node:fs";

const folder = process.argv[2];
const calls = JSON.parse(readFileSync(`${folder}/calls.json`, "utf-8"));
// A copy of its own: small files lie somewhere in a buffer that others share.
const { buffer } = Uint8Array.from(readFileSync(`${folder}/arrays.bin`));
const types = { Uint8Array, Uint8ClampedArray, Float32Array, Float64Array };

function given(value) {
  if (Array.isArray(value)) return value.map(given);
  if (value === null || typeof value !== "object") return value;
  if (value.lookup) {
    const table = given(value.lookup);
    return (key) => table[key] ?? null;
  }
  if (!value.type) {
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, given(v)]));
  }
  return new types[value.type](buffer.slice(value.start, value.stop));
}

function listed(key, value) {
  return ArrayBuffer.isView(value) ? Array.from(value) : value;
}

const results = [];
for (const call of calls) {
  const module = await import(new URL(`../web/src/photo/${call.module}`, import.meta.url));
  try {
    results.push({ result: module[call.name](...call.arguments.map(given)) });
  } catch (error) {
    if (error.name !== "InputError") throw error;
    results.push({ error: error.message });
  }
}
writeFileSync(`${folder}/results.json`, JSON.stringify(results, listed));
