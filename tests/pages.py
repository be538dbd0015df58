"""Filled practice sheets, and what cameras do to them."""

import io

import numpy as np
from PIL import Image
from scipy import ndimage
from skimage.transform import ProjectiveTransform, estimate_transform

from hwgen_keras.sources import PenWriter
from hwgen_keras.sources.pages.sheet import page_pixels

PIXELS_PER_MM = 10


def fill_page(layout, page, fonts, seed=0, empty=(), ink=30, size=0.7):
    """A printed page in which a simulated writer has written.

    Args:
        layout, page, fonts: as `page_pixels` takes them.
        seed: of the `PenWriter`.
        empty: positions of cells in the page that stay empty.
        ink: grey of full ink, 0 to 255.
        size: of the writing as a share of the box.

    Returns:
        (uint8 page at 10 pixels a mm, {position: uint8 drawing}).
    """
    pixels = page_pixels(layout, page, fonts)
    writer = PenWriter(seed)
    rng = np.random.default_rng(seed)
    truth = {}
    for position, cell in enumerate(layout.cells(page)):
        if position in empty:
            continue
        side = int(layout.box * PIXELS_PER_MM * size)
        drawing = writer.draw(cell.character, side, margin=0.0)
        truth[position] = drawing
        slack = layout.box * PIXELS_PER_MM - side
        left, top = rng.uniform(0.25, 0.75, 2) * slack
        left = int(cell.left * PIXELS_PER_MM + left)
        top = int(cell.top * PIXELS_PER_MM + top)
        region = pixels[top : top + side, left : left + side]
        # Ink lies over print as one filter over another.
        shade = 1 - (255 - drawing.astype(float)) / 255 * (1 - ink / 255)
        region[:] = np.round(region * shade)
    return pixels, truth


def photograph(
    pixels,
    height=2400,
    turn=0.0,
    quarter_turns=0,
    tilt=0.0,
    bulge=0.0,
    curl=0.0,
    shadow=0.0,
    shadow_edge=0.15,
    blur=0.0,
    noise=0.0,
    quality=None,
    paper=235,
    desk=90,
    seed=0,
):
    """What a camera makes of a page that lies on a desk.

    Args:
        pixels: uint8 page.
        height: of the page in the photo, pixels, before it is tilted.
        turn: degrees by which the page is turned.
        quarter_turns: times 90° that the camera was turned.
        tilt: share by which the far edge looks shorter than the near one.
        bulge: barrel distortion, share of the distance at the picture's corners.
        curl: height of the wave in the paper, as a share of the page's height.
        shadow: share of the light that the shadow takes.
        shadow_edge: width of the shadow's edge as a share of the picture's width.
        blur: standard deviation in pixels of the photo.
        noise: standard deviation in greys.
        quality: of JPEG compression; None: no compression.
        paper, desk: greys of white paper and of the desk.
        seed: of what is random.

    Returns:
        uint8 (height, width).
    """
    rng = np.random.default_rng(seed)
    page_height, page_width = pixels.shape
    scale = height / page_height
    size = np.array([page_width, page_height]) * scale
    canvas = (size * (1.12 + abs(np.sin(np.radians(turn))) * 0.6)).astype(int)
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * size / 2
    corners[:2, 0] *= 1 - tilt
    corners[1:3, 1] *= 1 - tilt / 2
    angle = np.radians(turn)
    rotation = np.array(
        [[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]
    )
    corners = corners @ rotation + canvas / 2
    ends = np.array(
        [(0, 0), (page_width, 0), (page_width, page_height), (0, page_height)]
    )
    to_page = estimate_transform("projective", corners, ends - 0.5)
    photo = _seen(pixels, to_page, canvas, scale, bulge, curl, paper, desk)
    photo *= _light(canvas, shadow, shadow_edge, rng)
    if blur:
        photo = ndimage.gaussian_filter(photo, blur)
    photo += rng.normal(0, noise, photo.shape) if noise else 0
    photo = np.rot90(np.clip(np.rint(photo), 0, 255).astype(np.uint8), quarter_turns)
    return compress(photo, quality) if quality else np.ascontiguousarray(photo)


def compress(photo, quality):
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(photo)).save(file, "JPEG", quality=quality)
    return np.array(Image.open(file))


def _seen(pixels, to_page, canvas, scale, bulge, curl, paper, desk):
    width, height = canvas
    y, x = np.mgrid[:height, :width].astype(float)
    if bulge:
        across, down = x - width / 2, y - height / 2
        squared = (across**2 + down**2) / (width**2 + height**2) * 4
        x = width / 2 + across * (1 + bulge * squared)
        y = height / 2 + down * (1 + bulge * squared)
    a, b, c, d, e, f, g, h, i = ProjectiveTransform(to_page.params).params.ravel()
    depth = g * x + h * y + i
    u, v = (a * x + b * y + c) / depth, (d * x + e * y + f) / depth
    if curl:
        # A wave across the page lifts it, and so moves it up in the picture.
        v = v + curl * pixels.shape[0] * np.sin(np.pi * u / pixels.shape[1])
    source = pixels.astype(np.float32) * (paper / 255)
    if scale < 0.9:
        source = ndimage.gaussian_filter(source, (1 / scale - 1) / 2)
    return ndimage.map_coordinates(source, (v, u), order=1, cval=desk)


def _light(canvas, shadow, shadow_edge, rng):
    """Light that falls off to one side, and a shadow with a straight edge."""
    width, height = canvas
    y, x = np.mgrid[:height, :width].astype(np.float32)
    angle = rng.uniform(0.2, 0.8)
    along = (x * np.cos(angle) + y * np.sin(angle)) / width
    edge = np.clip((along - 0.6) / max(shadow_edge, 1e-3) + 0.5, 0, 1)
    return (1 - 0.15 * x / width) * (1 - shadow * edge)


def written_share(cleaned, drawing):
    """How alike two drawings are: the correlation of their inks in one square."""
    from hwgen_keras.sources import clean_image

    size = cleaned.shape[0]
    first = 255 - cleaned.astype(float)
    second = 255 - clean_image(drawing, size).astype(float)
    # A line that is a pixel aside is the same line.
    first, second = (ndimage.gaussian_filter(i, size / 64) for i in (first, second))
    return float(np.corrcoef(first.ravel(), second.ravel())[0, 1])
