"""Near-duplicates among many images, by locality-sensitive hashing.

Random planes cut the space of thumbnails. Images on the same side of all planes are
compared, in several rounds with new planes.

Reference: M. Charikar, Similarity estimation techniques from rounding algorithms,
Symposium on Theory of Computing (2002).
"""

import numpy as np
from PIL import Image
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from hwgen_keras.errors import InputError

SIDE = 16  # of a thumbnail
LEAST_CORRELATION = 0.98  # of the thumbnails of near-duplicates
_ROUNDS = 16
_PLANES = 26
_MOST_NEIGHBOURS = 32  # that an image is compared with in a round
_CHUNK = 1 << 16


def near_duplicates(thumbnails, blur=1.0):
    """Groups of near-duplicates.

    They include most copies with another compression, light, scale or cut. They exclude
    a character written twice by one hand, unless it is as simple as 一.

    Args:
        thumbnails: uint8 (n, 16, 16), 0 ink, 255 paper, of images that are not blank.
        blur: standard deviation in pixels, against different cuts of one scan.

    Returns:
        list of int arrays of two or more positions, each in rising order.
    """
    count = len(thumbnails)
    if count < 2:
        return []
    features = unit_features(thumbnails, blur)
    mean = features[:: max(1, count // 20_000)].mean(axis=0)
    planes = np.random.default_rng(0).normal(size=(_ROUNDS, SIDE * SIDE, _PLANES))
    # The first image of the group that each image is in.
    group = np.arange(count)
    for round_planes in planes.astype(np.float32):
        codes = np.empty(count, np.int64)
        for start in range(0, count, _CHUNK):
            part = slice(start, start + _CHUNK)
            sides = (features[part] - mean) @ round_planes > 0
            codes[part] = sides @ (1 << np.arange(_PLANES))
        group = _joined(group, _alike(features, codes, group))
    order = np.argsort(group, kind="stable")
    ends = np.flatnonzero(np.diff(group[order])) + 1
    return [members for members in np.split(order, ends) if len(members) > 1]


def _joined(group, pairs):
    """The groups, merged where a pair connects two of them."""
    first, second = np.concatenate([*pairs, [np.arange(len(group)), group]], axis=1)
    graph = coo_array((np.ones(len(first), bool), (first, second)), [len(group)] * 2)
    _, component = connected_components(graph, directed=False)
    _, firsts = np.unique(component, return_index=True)
    return firsts[component]


def _alike(features, codes, group):
    """Pairs of one code that correlate and differ in group: int arrays (2, pairs)."""
    order = np.argsort(codes, kind="stable")
    codes = codes[order]
    pairs = []
    for distance in range(1, _MOST_NEIGHBOURS + 1):
        starts = np.flatnonzero(codes[distance:] == codes[:-distance])
        if not len(starts):
            break
        for begin in range(0, len(starts), _CHUNK):
            part = starts[begin : begin + _CHUNK]
            first, second = order[part], order[part + distance]
            new = group[first] != group[second]
            first, second = first[new], second[new]
            alike = np.einsum("ij,ij->i", features[first], features[second])
            chosen = alike >= LEAST_CORRELATION
            pairs.append(np.stack([first[chosen], second[chosen]]))
    return pairs


def unit_features(thumbnails, blur=1.0):
    """float32 (n, 256), whose scalar products are correlations; arguments as above."""
    features = np.empty((len(thumbnails), SIDE * SIDE), np.float32)
    for start in range(0, len(thumbnails), _CHUNK):
        part = 255 - thumbnails[start : start + _CHUNK].astype(np.float32)
        part = ndimage.gaussian_filter(part, (0, blur, blur)).reshape(len(part), -1)
        part -= part.mean(axis=1, keepdims=True)
        part /= np.maximum(np.linalg.norm(part, axis=1, keepdims=True), 1e-6)
        features[start : start + _CHUNK] = part
    return features


def thumbnails_of(images):
    """Thumbnails, uint8 (n, 16, 16), of clean images, uint8 (n, height, width)."""
    images = np.asarray(images)
    if images.ndim != 3 or images.dtype != np.uint8 or not images.size:
        raise InputError(
            f"The images have shape {images.shape} and type {images.dtype}; give uint8 "
            "of shape (n, height, width), n 1 or more."
        )
    return np.stack([thumbnail(image) for image in images])


def thumbnail(image):
    """The thumbnail, uint8 (16, 16), of a uint8 image (height, width)."""
    small = Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(small)
