"""The outlines of many tracks, on all cores."""

from hwgen_keras import parallel, vectors

# Tracks of a job; a process needs seconds to start, a track some hundredths.
_CHUNK = 50


def draw_outlines(tracks, tolerance):
    """The `Outline` of each track, in order.

    Args:
        tracks: list of `Track`.
        tolerance: see `vectors.outline`.
    """
    chunks = [tracks[i : i + _CHUNK] for i in range(0, len(tracks), _CHUNK)]
    jobs = [(chunk, tolerance) for chunk in chunks]
    weights = list(map(len, chunks))
    results = dict(parallel.each(_draw, jobs, "glyph", "outlines", weights))
    return [outline for index in range(len(jobs)) for outline in results[index]]


def _draw(tracks, tolerance):
    return [vectors.outline(track, tolerance) for track in tracks]
