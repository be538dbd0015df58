"""The page's engine in Chromium: a site of its files, and what tests call in it."""

import contextlib
import http.server
import io

import numpy as np
from browsers import chromium, served

import hwgen_keras as hw
from hwgen_keras.sources.online.matching import match_strokes
from hwgen_keras.sources.online.samples import OnlineSample
from hwgen_keras.sources.online.tracks import matched_track
from hwgen_keras.sources.strokes import strokes

# What people do to strokes that they draw.
KINDS = (None, "order", "direction", "joined", "split", "lacking", "all")
# As strict as that of the page.
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; "
    "connect-src 'self'; img-src data:; style-src 'unsafe-inline'"
)
_BLANK = (
    b"<!doctype html><meta charset=utf-8><title>-</title><link rel=icon href=data:,>"
)
_HELPERS = """async (base) => {
    const { openEngine } = await import("/engine/client.js");
    globalThis.progress = [];
    const onProgress = (part) => progress.push(part);
    globalThis.engine = await openEngine({ base, onProgress });
    globalThis.plain = (written) => ({
        ...written,
        lines: written.lines.map(({ points, radii }) => [[...points], [...radii]]),
    });
    globalThis.written = async (text, options) => {
        const found = [];
        for await (const one of engine.write(text, options)) found.push(plain(one));
        return found;
    };
    globalThis.lines = (arrays) => arrays.map(([points, radii]) => ({
        points: Float32Array.from(points),
        radii: Float32Array.from(radii),
    }));
}"""


class Handler(http.server.SimpleHTTPRequestHandler):
    """Files with the page's policy, and a blank page; the browser stores nothing."""

    extensions_map = http.server.SimpleHTTPRequestHandler.extensions_map | {
        ".mjs": "text/javascript",
        ".wasm": "application/wasm",
    }

    def send_head(self):
        if self.path != "/blank":
            return super().send_head()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(_BLANK)))
        self.end_headers()
        return io.BytesIO(_BLANK)

    def end_headers(self):
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("Cache-Control", "no-store")
        super().end_headers()

    def log_message(self, *arguments):
        pass


@contextlib.contextmanager
def opened(folder):
    """Yields a blank tab of a site with the page's files.

    No error may be logged in it but those of the network.
    """
    with chromium() as browser, served(folder, Handler) as (address, _):
        tab = browser.new_page()
        errors = []
        tab.on("console", lambda m: m.type == "error" and errors.append(m.text))
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.goto(address + "blank")
        yield tab
        assert [e for e in errors if "Failed to load resource" not in e] == []


def open_engine(tab, base="/models/"):
    """Opens the engine in a tab, as the global `engine`, beside helpers."""
    tab.evaluate(_HELPERS, base)


def error_of(tab, statements):
    """The message of the error that statements end with, run in a tab."""
    return tab.evaluate(
        f"""async () => {{
            try {{
                {statements}
            }} catch (error) {{
                return error.message;
            }}
            return "no error";
        }}"""
    )


def arrays(written, points=24):
    """Points (lines, points, 2) and radii of what the page wrote."""
    lines, radii = zip(*written["lines"], strict=True)
    return np.array(lines).reshape(-1, points, 2), np.array(radii)


def drawn(character, rng, change=None):
    """Strokes of a simulated writer, as somebody draws them on the page.

    Args:
        character: a string of one character.
        rng: a NumPy generator.
        change: one of `KINDS`.
    """
    pen = hw.PenWriter(int(rng.integers(1000)))
    lines = [line.astype(float) for line in pen.track(character).strokes]
    if change in ("order", "all"):
        lines = [lines[i] for i in rng.permutation(len(lines))]
    if change in ("direction", "all"):
        lines = [line[::-1] if rng.random() < 0.3 else line for line in lines]
    if change in ("joined", "all"):
        joined = []
        for line in lines:
            if joined and rng.random() < 0.3:
                joined[-1] = np.concatenate([joined[-1], line])
            else:
                joined.append(line)
        lines = joined
    if change == "split":
        halves = [([line[:12], line[11:]], [line]) for line in lines]
        lines = [part for both in halves for part in both[rng.random() < 0.7]]
    if change == "lacking":
        lines = [line for line in lines if rng.random() < 0.9] or lines
        lines.append(rng.random((1, 2)))
    return [line + rng.normal(0, 0.004, line.shape) for line in lines]


def sample(character, lines):
    """A drawn character as `Engine.handOfStrokes` takes it."""
    return {"character": character, "strokes": [line.tolist() for line in lines]}


def track_of(character, lines):
    """The track of a drawn character, as this package fits it."""
    online = OnlineSample(character, "", tuple(lines), "the page")
    return matched_track(online, match_strokes(strokes(character), lines))
