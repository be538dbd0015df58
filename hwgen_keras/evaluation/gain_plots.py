"""Plots of arms of an experiment: accuracy against data, and errors saved."""

from collections.abc import Mapping, Sequence

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from hwgen_keras.errors import InputError

_STYLES = ("-", "--", ":")
_COLOURS = 10  # of matplotlib's cycle


def plot_amounts(
    amounts: Sequence,
    arms: Mapping[str, Sequence[tuple[float, float | None] | None]],
    label: str,
) -> Figure:
    """Accuracy against the amount of real data, a line an arm, with its interval.

    Args:
        amounts: the amounts, evenly spaced on the axis.
        arms: {arm: [(mean, half width or None) in per cent, or None, an amount]}.
        label: of the horizontal axis.

    Returns:
        A matplotlib Figure with an Agg canvas, see `plot_curves`.

    Raises:
        InputError: there is no arm.
    """
    if not arms:
        raise InputError("There is no arm to plot; give one or more.")
    figure = Figure(figsize=(7.2, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for number, (arm, cells) in enumerate(arms.items()):
        known = [(x, cell) for x, cell in enumerate(cells) if cell is not None]
        places = [x for x, _ in known]
        means = [mean for _, (mean, _) in known]
        halves = [half or 0 for _, (_, half) in known]
        colour = f"C{number % _COLOURS}"
        axes.plot(
            places,
            means,
            color=colour,
            linestyle=_STYLES[number // _COLOURS % len(_STYLES)],
            marker="o",
            markersize=4,
            label=arm,
        )
        low = [mean - half for mean, half in zip(means, halves, strict=True)]
        high = [mean + half for mean, half in zip(means, halves, strict=True)]
        if len(known) > 1:
            axes.fill_between(places, low, high, color=colour, alpha=0.12, linewidth=0)
        else:
            axes.errorbar(places, means, halves, color=colour, capsize=3)
    axes.set_xticks(range(len(amounts)), [str(amount) for amount in amounts])
    axes.set_xlim(-0.3, len(amounts) - 0.7)
    # Intervals of few seeds may reach beyond what an accuracy can be.
    bottom, top = axes.get_ylim()
    axes.set_ylim(max(bottom, -2), min(top, 102))
    axes.set_xlabel(label)
    axes.set_ylabel("accuracy on unseen writers, %")
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside right upper", frameon=False)
    return figure


def plot_reductions(
    amounts: Sequence,
    arms: Mapping[str, Sequence[tuple[float | None, float | None] | None]],
) -> Figure:
    """Error reduction of each arm, a bar an arm and a panel an amount.

    Args:
        amounts: the amounts in words, the panels' titles.
        arms: {arm: [(reduction, half width or None) in per cent, or None, an amount]};
            an arm without a reduction in an amount has no bar there.

    Returns:
        A matplotlib Figure with an Agg canvas, see `plot_curves`.

    Raises:
        InputError: there is no arm.
    """
    if not arms:
        raise InputError("There is no arm to plot; give one or more.")
    columns = min(len(amounts), 3)
    rows = -(-len(amounts) // columns)
    figure = Figure(
        figsize=(1.6 + 2.6 * columns, rows * (1 + 0.26 * len(arms))),
        layout="constrained",
    )
    FigureCanvasAgg(figure)
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False).flat
    places = range(len(arms))
    for number, axes in enumerate(panels):
        if number >= len(amounts):
            axes.set_visible(False)
            continue
        for place, cells in zip(places, arms.values(), strict=True):
            reduction, half = cells[number] or (None, None)
            if reduction is None:
                continue
            colour = "C2" if reduction > 0 else "C3"
            axes.barh(place, reduction, color=colour, alpha=0.75, height=0.7)
            if half is not None:
                axes.errorbar(reduction, place, xerr=half, color="0.3", capsize=3)
        axes.set_yticks(places, list(arms))
        # Upwards from the last arm, also where the last has no bar.
        axes.set_ylim(len(arms) - 0.5, -0.5)
        axes.axvline(0, color="0.3", linewidth=0.8)
        axes.set_title(str(amounts[number]), fontsize="medium")
        axes.set_xlabel("errors fewer, %")
        axes.grid(alpha=0.3, axis="x")
        axes.spines[["top", "right"]].set_visible(False)
    return figure
