/**
 * Stores the page on the visitor's device; it then opens without a network, too.
 *
 * Call it when all else is loaded, for it asks for every file once more.
 *
 * @returns {Promise<"stored" | "newer" | "online">} stored: this release is kept.
 *   newer: a newer one is kept, which opens once all tabs of the page are closed.
 *   online: nothing is kept, since the browser refuses (a private window, an address
 *   without https) or a file did not arrive.
 */
export async function keepOffline() {
  if (!navigator.serviceWorker) return "online";
  const address = new URL("worker-cache.js", import.meta.url);
  let registration;
  try {
    registration = await navigator.serviceWorker.register(address, {
      updateViaCache: "none",
    });
  } catch {
    return "online";
  }
  const before = registration.active;
  if (before) {
    try {
      await registration.update();
    } catch {
      return "stored"; // There is no network to ask for a newer one.
    }
  }
  const worker = registration.installing ?? registration.waiting;
  if (!worker) return "stored";
  while (worker.state === "installing") {
    await new Promise((resolve) => {
      worker.addEventListener("statechange", resolve, { once: true });
    });
  }
  if (before) return worker.state === "redundant" ? "stored" : "newer";
  return worker.state === "redundant" ? "online" : "stored";
}
