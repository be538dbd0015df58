"""Chromium as installed, driven by Playwright; a server of a folder's files."""

import contextlib
import functools
import http.server
import shutil
import threading

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")


@contextlib.contextmanager
def chromium():
    """Yields a browser of Playwright, without a window; skips the test without one.

    Nothing is downloaded.
    """
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("needs Chromium; on Debian and Ubuntu: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        yield browser
        browser.close()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass

    def send_header(self, name, value):
        # It counts seconds: a file written twice within one would be "not modified".
        if name != "Last-Modified":
            super().send_header(name, value)


@contextlib.contextmanager
def served(folder, handler=_Quiet):
    """Yields the address of a server of a folder's files, and the server."""
    handler = functools.partial(handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        # It waits for requests that browsers leave open, unless they are daemons.
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/", server
        finally:
            server.shutdown()
            thread.join()
