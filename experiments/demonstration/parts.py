"""The parts of the demo, and how long they take."""

import time


def announced(parts, spent, estimate=True):
    """Prints how long the parts take; then, at each `next`, the part that begins.

    Args:
        parts: {title: about how many minutes}, in their order.
        spent: a dict that gets the minutes of each part that has ended.
        estimate: whether the minutes of `parts` are printed.
    """
    if estimate:
        minutes = f"{sum(parts.values()):.0f} minutes"
        print(f"\nOn two busy CPU cores it takes about {minutes}:")
        for number, (title, minutes) in enumerate(parts.items()):
            print(f"  {number}  {title}: {minutes:.1f}")
    for number, title in enumerate(parts):
        after = sum(spent.values())
        print(f"\n=== {number}  {title} (after {after:.1f} minutes) ===", flush=True)
        started = time.monotonic()
        yield
        spent[title] = (time.monotonic() - started) / 60
