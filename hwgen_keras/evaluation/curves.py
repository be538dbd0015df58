"""Curves of training: one panel a metric, one line a run."""

from collections.abc import Iterable, Mapping, Sequence

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from hwgen_keras.errors import InputError


def plot_curves(
    histories: Mapping[str, Mapping[str, Sequence[float]]],
    metrics: Iterable[str] | None = None,
    columns: int = 2,
    step_label: str = "step",
) -> Figure:
    """Plot metrics against steps.

    Args:
        histories: {name of the run: {"step": [...], metric: [...], ...}}; a run may
            lack a metric, and values may be NaN, which leave a gap.
        metrics: which metrics, in which order; None: all, in the order they appear.
        columns: panels in a row.
        step_label: what a step is, the label of the horizontal axis.

    Returns:
        A matplotlib Figure with an Agg canvas. It is not known to pyplot, so nothing
        has to close it.

    Raises:
        InputError: nothing to plot, no "step", a metric with a value too many or too
            few, or a metric that no run has.
    """
    found = _metrics(histories)
    metrics = list(found if metrics is None else metrics)
    for metric in metrics:
        if metric not in found:
            raise InputError(
                f"No history has the metric {metric!r}; choose from {', '.join(found)}."
            )
    if not metrics:
        raise InputError("There is no curve to plot; give a history with a metric.")
    columns = min(columns, len(metrics))
    rows = -(-len(metrics) // columns)
    figure = Figure(figsize=(3.6 * columns, 2.7 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    for position, metric in enumerate(metrics, start=1):
        axes = figure.add_subplot(rows, columns, position)
        for number, (name, history) in enumerate(histories.items()):
            if metric in history:
                # A single value makes no line, so it is a dot.
                marker = "o" if len(history["step"]) == 1 else None
                color = f"C{number}"
                steps, values = history["step"], history[metric]
                axes.plot(steps, values, color=color, label=name, marker=marker)
        axes.set_title(metric, fontsize="medium")
        axes.set_xlabel(step_label)
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
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


def _metrics(histories):
    """The metrics of all histories, in order of appearance; checks their lengths."""
    found: dict[str, None] = {}
    for name, history in histories.items():
        if "step" not in history:
            raise InputError(f"The history {name!r} has no list 'step'; add it.")
        for metric, values in history.items():
            if len(values) != len(history["step"]):
                raise InputError(
                    f"The history {name!r} has {len(history['step'])} steps and "
                    f"{len(values)} values of {metric!r}; give one value a step."
                )
            if metric != "step":
                found[metric] = None
    return tuple(found)
