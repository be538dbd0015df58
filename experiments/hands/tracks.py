"""A stroke writer learns a hand from tracks."""

from hwgen_keras import data, evaluation, training

from .results import finish, report, watchers_of

# Characters of the pictures.
_SHOWN = 12


def adapt_writer(run, writer, jit):
    """Trains a stroke writer in a run folder; returns generator.keras."""
    settings = run.settings
    hand, others = training.hand_tracks(settings, writer.network.points)
    known, held = training.divide_tracks(hand, settings.seed)
    sampler = training.hand_sampler(settings, hand.select(known), others)
    model, learning, _ = training.hand_training(settings, writer, jit)
    report(run, hand, writer, learning, known, held, "tracks")
    own = data.TrackSampler(hand, settings.batch_size, settings.seed)
    batch = training.held_out_tracks(own, held) if len(held) else None
    summary = training.median_of_tracks(len(held))
    watchers = watchers_of(run, model, batch, summary=summary)
    shown = held if len(held) else known
    probes = training.track_probes(training.probes_of(own, shown[:_SHOWN]))
    training.fit(
        *(run, model),
        lambda first, steps: training.TrackFeed(sampler, first, steps),
        settings.steps,
        lambda model: evaluation.contact_sheet(probes(model), blocks=2),
        extra=watchers,
    )
    return finish(run, model, *watchers)
