"""Plots: curves of training, accuracy against data, and errors avoided."""

from collections.abc import Iterable, Mapping, Sequence

from matplotlib.figure import Figure

from hwgen_keras.errors import InputError

_LINE_STYLES = ("-", "--", ":")
_COLOURS = 10  # of matplotlib's cycle


def plot_curves(
    histories: Mapping[str, Mapping[str, Sequence[float]]],
    metrics: Iterable[str] | None = None,
    columns: int = 2,
    step_label: str = "step",
) -> Figure:
    """Plot metrics against steps, a panel a metric and a line a run.

    Args:
        histories: {name of the run: {"step": [...], metric: [...], ...}}; a run may
            lack a metric, and values may be NaN, which leave a gap.
        metrics: the metrics in order; None: all, in the order they appear.
        columns: panels in a row.
        step_label: the label of the horizontal axis.

    Returns:
        A matplotlib Figure. pyplot does not know it, so nothing has to close it.

    Raises:
        InputError: nothing to plot, no "step", a metric with too many or too few
            values, or a metric that no run has.
    """
    known = _metrics(histories)
    metrics = list(known if metrics is None else metrics)
    for metric in metrics:
        if metric not in known:
            raise InputError(
                f"No history has the metric {metric!r}; choose from {', '.join(known)}."
            )
    if not metrics:
        raise InputError("There is no curve to plot; give a history with a metric.")
    columns = min(columns, len(metrics))
    rows = -(-len(metrics) // columns)
    figure = Figure(figsize=(3.6 * columns, 2.7 * rows), layout="constrained")
    for position, metric in enumerate(metrics, start=1):
        axes = figure.add_subplot(rows, columns, position)
        for number, (name, history) in enumerate(histories.items()):
            if metric in history:
                # A single value makes no line, so it is a dot.
                marker = "o" if len(history["step"]) == 1 else None
                colour, steps = f"C{number}", history["step"]
                axes.plot(
                    steps, history[metric], color=colour, label=name, marker=marker
                )
        axes.set_title(metric, fontsize="medium")
        axes.set_xlabel(step_label)
        _simplify(axes)
    if len(histories) > 1:
        lines = {
            str(line.get_label()): line
            for axes in figure.axes
            for line in axes.get_lines()
        }
        figure.legend(
            lines.values(),
            lines.keys(),
            loc="outside lower center",
            ncols=columns if len(lines) > columns else len(lines),
            frameon=False,
        )
    return figure


def plot_amounts(
    amounts: Sequence,
    arms: Mapping[str, Sequence[tuple[float, float | None] | None]],
    label: str,
) -> Figure:
    """Plot accuracy against the amount of real data, a line an arm, with its interval.

    Args:
        amounts: the amounts, evenly spaced on the axis.
        arms: {arm: [(mean, half width or None) in per cent, or None, an amount]}.
        label: of the horizontal axis.

    Returns:
        See `plot_curves`.

    Raises:
        InputError: there is no arm.
    """
    _check_arms(arms)
    figure = Figure(figsize=(7.2, 4.2), layout="constrained")
    axes = figure.add_subplot()
    for number, (arm, cells) in enumerate(arms.items()):
        known = [(x, *cell) for x, cell in enumerate(cells) if cell is not None]
        places = [x for x, _, _ in known]
        means = [mean for _, mean, _ in known]
        halves = [half or 0 for _, _, half in known]
        colour = f"C{number % _COLOURS}"
        axes.plot(
            places,
            means,
            color=colour,
            linestyle=_LINE_STYLES[number // _COLOURS % len(_LINE_STYLES)],
            marker="o",
            markersize=4,
            label=arm,
        )
        if len(known) > 1:
            low = [mean - half for mean, half in zip(means, halves, strict=True)]
            high = [mean + half for mean, half in zip(means, halves, strict=True)]
            axes.fill_between(places, low, high, color=colour, alpha=0.12, linewidth=0)
        else:
            axes.errorbar(places, means, halves, color=colour, capsize=3)
    axes.set_xticks(range(len(amounts)), [str(amount) for amount in amounts])
    axes.set_xlim(-0.3, len(amounts) - 0.7)
    # Intervals of few seeds may exceed the range of an accuracy.
    bottom, top = axes.get_ylim()
    axes.set_ylim(max(bottom, -2), min(top, 102))
    axes.set_xlabel(label)
    axes.set_ylabel("accuracy on unseen writers, %")
    _simplify(axes)
    figure.legend(loc="outside right upper", frameon=False)
    return figure


def plot_reductions(
    amounts: Sequence,
    arms: Mapping[str, Sequence[tuple[float | None, float | None] | None]],
) -> Figure:
    """Plot the error reduction of each arm, a bar an arm and a panel an amount.

    Args:
        amounts: the amounts in words, the panels' titles.
        arms: {arm: [(reduction, half width or None) in per cent, or None, an amount]};
            an arm without a reduction in an amount has no bar there.

    Returns:
        See `plot_curves`.

    Raises:
        InputError: there is no arm.
    """
    _check_arms(arms)
    columns = min(len(amounts), 3)
    rows = -(-len(amounts) // columns)
    size = (1.6 + 2.6 * columns, rows * (1 + 0.26 * len(arms)))
    figure = Figure(figsize=size, layout="constrained")
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False).flat
    for axes in list(panels)[len(amounts) :]:
        axes.set_visible(False)
    for number, (amount, axes) in enumerate(zip(amounts, figure.axes, strict=False)):
        for place, cells in enumerate(arms.values()):
            reduction, half = cells[number] or (None, None)
            if reduction is None:
                continue
            colour = "C2" if reduction > 0 else "C3"
            axes.barh(place, reduction, color=colour, alpha=0.75, height=0.7)
            if half is not None:
                axes.errorbar(reduction, place, xerr=half, color="0.3", capsize=3)
        axes.set_yticks(range(len(arms)), list(arms))
        # Upwards from the last arm, also where the last has no bar.
        axes.set_ylim(len(arms) - 0.5, -0.5)
        axes.axvline(0, color="0.3", linewidth=0.8)
        axes.set_title(str(amount), fontsize="medium")
        axes.set_xlabel("errors fewer, %")
        _simplify(axes, grid="x")
    return figure


def _simplify(axes, grid="both"):
    axes.grid(alpha=0.3, axis=grid)
    axes.spines[["top", "right"]].set_visible(False)


def _check_arms(arms):
    if not arms:
        raise InputError("There is no arm to plot; give one or more.")


def _metrics(histories):
    """The metrics of all histories, in order of appearance; checks their lengths."""
    metrics: dict[str, None] = {}
    for name, history in histories.items():
        if "step" not in history:
            raise InputError(f"The history {name!r} has no list 'step'; add it.")
        for metric, values in history.items():
            if len(values) != len(history["step"]):
                raise InputError(
                    f"The history {name!r} has {len(history['step'])} steps and "
                    f"{len(values)} values of {metric!r}; give one value a step."
                )
        metrics |= dict.fromkeys(metric for metric in history if metric != "step")
    return tuple(metrics)
