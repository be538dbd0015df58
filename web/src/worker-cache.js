// Service worker: keeps the page on the visitor's device, so that it opens without a
// network. A release is stored whole before any of it is used, and leaves whole: no page
// is ever made of two releases.

// web/build.py writes this line: a digest of all files, and the SHA-256 of each.
const RELEASE = { name: "", files: {} };

const SCOPE = self.registration.scope;
// Caches belong to a whole host; another copy of the page may lie in another folder.
const COPIES = `hwgen ${SCOPE} `;
const CACHE = COPIES + RELEASE.name;

self.addEventListener("install", (event) => event.waitUntil(store()));
self.addEventListener("activate", (event) => event.waitUntil(removeOthers()));
self.addEventListener("fetch", (event) => {
  const { method, url } = event.request;
  if (method === "GET" && url.startsWith(SCOPE)) {
    event.respondWith(answer(event.request));
  }
});

/** Stores every file; if one is missing or of another release, none. */
async function store() {
  const cache = await caches.open(CACHE);
  try {
    for (const [name, integrity] of Object.entries(RELEASE.files)) {
      const response = await fetch(name, { cache: "no-cache", integrity });
      if (!response.ok) throw new Error(`${name}: ${response.status}`);
      await cache.put(name, await plain(response));
    }
  } catch (error) {
    await caches.delete(CACHE);
    throw error;
  }
}

/** The same content without a redirection: browsers refuse one when a page is opened. */
async function plain(response) {
  const content = await response.blob();
  const headers = {
    "Content-Type": response.headers.get("Content-Type") ?? "",
    "Content-Length": String(content.size),
  };
  return new Response(content, { headers });
}

async function removeOthers() {
  const old = (name) => name.startsWith(COPIES) && name !== CACHE;
  await Promise.all((await caches.keys()).filter(old).map((name) => caches.delete(name)));
}

/** A stored file; from the network, if it is none of the release. */
async function answer(request) {
  const cache = await caches.open(CACHE);
  const folder = new URL(request.url).pathname === new URL(SCOPE).pathname;
  const file = folder ? "index.html" : request;
  const stored = await cache.match(file, { ignoreSearch: true });
  return stored ?? fetch(request);
}
