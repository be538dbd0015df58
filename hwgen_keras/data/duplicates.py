"""Images that are almost the same, found among many without comparing each with each.

Random planes cut the space of thumbnails; images on the same side of all planes of a
round are compared, over several rounds with new planes.

Reference: M. Charikar, Similarity estimation techniques from rounding algorithms,
Symposium on Theory of Computing (2002).
"""

import numpy as np
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

SIDE = 16  # of a thumbnail
# Two images are near-duplicates if their thumbnails correlate as much.
LEAST_CORRELATION = 0.98
_ROUNDS = 16
_PLANES = 26
# An image is compared with no more than this many others a round.
_MOST_NEIGHBOURS = 32
_CHUNK = 1 << 16


def near_duplicates(thumbnails, blur=1.0):
    """Groups of images that are almost the same.

    Copies that were compressed, scaled, lit or cut differently are found nearly
    always; the same character written twice by one hand is not a near-duplicate.

    Args:
        thumbnails: uint8 (n, 16, 16), 0 ink, 255 paper, of images that are not blank.
        blur: standard deviation in pixels; so that copies of scans that were cut
            differently count, too.

    Returns:
        list of int arrays of two or more positions, each in rising order.
    """
    count = len(thumbnails)
    if count < 2:
        return []
    features = _features(thumbnails, blur)
    mean = features[:: max(1, count // 20_000)].mean(axis=0)
    planes = np.random.default_rng(0).normal(size=(_ROUNDS, SIDE * SIDE, _PLANES))
    pairs = []
    for round_planes in planes.astype(np.float32):
        codes = np.empty(count, np.int64)
        for start in range(0, count, _CHUNK):
            part = slice(start, start + _CHUNK)
            sides = (features[part] - mean) @ round_planes > 0
            codes[part] = sides @ (1 << np.arange(_PLANES))
        pairs += _alike(features, codes)
    first, second = np.concatenate(pairs, axis=1)
    graph = coo_array((np.ones(len(first), bool), (first, second)), (count, count))
    _, component = connected_components(graph, directed=False)
    order = np.argsort(component, kind="stable")
    ends = np.flatnonzero(np.diff(component[order])) + 1
    return [group for group in np.split(order, ends) if len(group) > 1]


def _alike(features, codes):
    """Pairs of neighbours in the order of the codes that have one code and correlate.

    Returns:
        list of int arrays (2, pairs).
    """
    order = np.argsort(codes, kind="stable")
    codes = codes[order]
    pairs = [np.empty((2, 0), np.int64)]
    for distance in range(1, _MOST_NEIGHBOURS + 1):
        starts = np.flatnonzero(codes[distance:] == codes[:-distance])
        if not len(starts):
            break
        for begin in range(0, len(starts), _CHUNK):
            part = starts[begin : begin + _CHUNK]
            first, second = order[part], order[part + distance]
            alike = np.einsum("ij,ij->i", features[first], features[second])
            chosen = alike >= LEAST_CORRELATION
            pairs.append(np.stack([first[chosen], second[chosen]]))
    return pairs


def _features(thumbnails, blur):
    """float32 (n, 256), of which the scalar product is the correlation."""
    features = np.empty((len(thumbnails), SIDE * SIDE), np.float32)
    for start in range(0, len(thumbnails), _CHUNK):
        part = 255 - thumbnails[start : start + _CHUNK].astype(np.float32)
        part = ndimage.gaussian_filter(part, (0, blur, blur)).reshape(len(part), -1)
        part -= part.mean(axis=1, keepdims=True)
        part /= np.maximum(np.linalg.norm(part, axis=1, keepdims=True), 1e-6)
        features[start : start + _CHUNK] = part
    return features
