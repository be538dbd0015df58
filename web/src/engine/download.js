/** Files of models, fetched with progress, checked and unpacked. */

import { InputError } from "../photo/errors.js";

/**
 * Reads `models.json` and what it lists.
 * @param {string} base  URL of the folder, with a slash at its end
 * @param {(progress: import("./client.js").Progress) => void} report
 * @returns {Promise<{about: any, files: Record<string, Uint8Array>}>}
 */
export async function loadModels(base, report) {
  const list = await fetched(new URL("models.json", base));
  let about;
  try {
    about = JSON.parse(await list.text());
    Object.entries(about.files);
  } catch {
    throw new InputError("damagedList");
  }
  const names = Object.keys(about.files);
  const loaded = await Promise.all(
    names.map((name) => loadFile(base, name, about.files[name], report)),
  );
  return { about, files: Object.fromEntries(names.map((name, i) => [name, loaded[i]])) };
}

async function fetched(url) {
  let response;
  try {
    response = await fetch(url);
  } catch {
    throw new InputError("notDownloaded", { name: nameOf(url) });
  }
  if (!response.ok) {
    throw new InputError("notServed", { name: nameOf(url), status: response.status });
  }
  return response;
}

function nameOf(url) {
  return decodeURIComponent(url.pathname.split("/").at(-1));
}

async function loadFile(base, name, { file, bytes, sha256 }, report) {
  const url = new URL(file, base);
  const response = await fetched(url);
  const content = new Uint8Array(bytes);
  let loaded = 0;
  report({ name, loaded, total: bytes });
  try {
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (loaded + value.length > bytes) throw damaged(url);
      content.set(value, loaded);
      loaded += value.length;
      report({ name, loaded, total: bytes });
    }
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError("brokeOff", { name: nameOf(url) });
  }
  if (loaded !== bytes || (await digest(content)) !== sha256) throw damaged(url);
  return unpacked(content);
}

function damaged(url) {
  return new InputError("damagedModel", { name: nameOf(url) });
}

async function digest(content) {
  if (!globalThis.crypto?.subtle) {
    throw new InputError("insecure");
  }
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function unpacked(content) {
  if (typeof DecompressionStream === "undefined") {
    throw new InputError("oldBrowser");
  }
  const stream = new Blob([content]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
