"""The findings of inspect_data, as JSON and as lines to read."""

import collections
import itertools

import numpy as np

from hwgen_keras.data.inspection import BLANK, UNREADABLE

_LISTED = 5


def findings_of(listing, measures, groups, characters=None):
    """The findings as a dict for JSON.

    Args:
        listing: the `Listing` of the images.
        measures: their `Measures`.
        groups: positions of near-duplicates, a list of arrays.
        characters: optional `CharacterSet` to compare with.
    """
    classes, class_counts = np.unique(listing.characters, return_counts=True)
    known = listing.sources[listing.sources != ""]
    sources, source_counts = np.unique(known, return_counts=True)
    sizes = measures.sizes[measures.states != UNREADABLE]
    return {
        "images": len(listing),
        "classes": len(classes),
        "images_a_class": {
            **_spread(class_counts),
            "imbalance": round(float(class_counts.max() / class_counts.min()), 2),
        },
        "sources": len(sources),
        "images_without_a_source": len(listing) - len(known),
        "images_a_source": _spread(source_counts),
        **_compared(classes, characters),
        "sizes": {
            "different": len(np.unique(sizes, axis=0)),
            "height": _spread(sizes[:, 0]),
            "width": _spread(sizes[:, 1]),
        },
        "blank": _names(listing, measures.states == BLANK),
        "unreadable": _names(listing, measures.states == UNREADABLE),
        "white_on_black": _names(listing, measures.inverted),
        "near_duplicates": [
            {
                "characters": "".join(dict.fromkeys(listing.characters[group])),
                "images": _names(listing, group),
            }
            for group in groups
        ],
        "sources_alike": _alike(listing, groups),
        "counts": _counts(classes, class_counts),
        "counts_of_sources": _counts(sources, source_counts),
    }


def _spread(values):
    if not len(values):
        return {"min": 0, "median": 0, "max": 0}
    low, median, high = np.quantile(values, (0, 0.5, 1))
    return {"min": int(low), "median": float(median), "max": int(high)}


def _compared(classes, characters):
    if characters is None:
        return {}
    present = set(classes.tolist())
    return {
        "character_set": characters.name,
        "missing": "".join(c for c in characters if c not in present),
        "outside": "".join(c for c in classes.tolist() if c not in characters),
    }


def _names(listing, chosen):
    return [listing.sample(n).name for n in np.arange(len(listing))[chosen]]


def _alike(listing, groups):
    """[source, source, groups of near-duplicates that both are in], the most first.

    One hand under two names, or a font in two widths, shows here.
    """
    pairs = collections.Counter(
        pair
        for group in groups
        for pair in itertools.combinations(sorted(set(listing.sources[group])), 2)
    )
    return [[str(a), str(b), count] for (a, b), count in pairs.most_common()]


def _counts(names, counts):
    """{name: count}, the fewest first."""
    order = np.argsort(counts, kind="stable")
    return dict(zip(names[order].tolist(), counts[order].tolist(), strict=True))


def summary(report):
    """The report in a few lines."""
    fewest, most = _ends(report["counts"])
    in_class = report["images_a_class"]
    lines = [
        f"{report['images']} images of {report['classes']} characters",
        f"images a character: {_in_words(in_class)}, imbalance {in_class['imbalance']}",
        *(f"  fewest: {fewest}", f"  most: {most}"),
    ]
    if report["sources"]:
        fewest, most = _ends(report["counts_of_sources"])
        lines += [
            f"writers or fonts: {report['sources']}, images of each: "
            f"{_in_words(report['images_a_source'])}",
            *(f"  fewest: {fewest}", f"  most: {most}"),
        ]
    if report["images_without_a_source"]:
        lines.append(f"without a writer: {report['images_without_a_source']}")
    for name, words in (("missing", "missing of"), ("outside", "outside the set")):
        if name in report:
            listed = report[name]
            start = f" ({listed[:40]}{'…' * (len(listed) > 40)})" if listed else ""
            lines.append(f"{words} {report['character_set']}: {len(listed)}{start}")
    sizes = report["sizes"]
    lines.append(
        f"sizes: {sizes['different']}, height {_in_words(sizes['height'])}, width "
        f"{_in_words(sizes['width'])}"
    )
    for name in ("blank", "unreadable", "white_on_black"):
        lines.append(f"{name.replace('_', ' ')}: {_listed(report[name])}")
    groups = report["near_duplicates"]
    images = sum(len(group["images"]) for group in groups)
    lines.append(f"near-duplicates: {images} images in {len(groups)} groups")
    for group in groups[:_LISTED]:
        lines.append(f"  {group['characters']}: {_listed(group['images'], 3)}")
    several = [g["characters"] for g in groups if len(g["characters"]) > 1]
    if several:
        kinds = _listed(list(dict.fromkeys(several)), counted=False)
        lines.append(f"  under different characters: {len(several)} groups ({kinds})")
    alike = [f"{a} and {b} ({count})" for a, b, count in report["sources_alike"]]
    if alike:
        lines.append(f"  between: {_listed(alike, counted=False)}")
    return "\n".join(lines)


def _in_words(spread):
    return f"{spread['min']} to {spread['max']} (median {spread['median']:g})"


def _ends(counts):
    items = [f"{name} {count}" for name, count in counts.items()]
    return ", ".join(items[:_LISTED]), ", ".join(items[::-1][:_LISTED])


def _listed(names, count=_LISTED, counted=True):
    if not names:
        return "0"
    rest = len(names) - count
    text = ", ".join(names[:count]) + (f" and {rest} more" if rest > 0 else "")
    return f"{len(names)} ({text})" if counted else text
