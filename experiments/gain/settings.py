"""The settings of augmentation_gain that belong to a preset."""

import dataclasses

from hwgen_keras.errors import InputError
from hwgen_keras.settings import EXTENT, Settings, rules_of, setting

from .arms import OTHER_DOMAIN, PRESETS, UNWRITTEN
from .data import named_sets

# Whose hands a stroke writer writes in.
OWN, NEW = HANDS = ("own", "new")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Written(Settings):
    """What the real writers wrote, and what is read, of the preset for it."""

    written: str | None = setting(
        None,
        "Text file of the characters that the real writers wrote, one a line, in place "
        "of --written_kana and --written_kanji.",
    )
    written_kana: float | None = setting(
        None,
        "Share of the kana that the real writers wrote, drawn by --written_seed. "
        "Default: 1, and 0.5 if the set has no kanji.",
        at_least=0,
        at_most=1,
    )
    written_kanji: int = setting(
        200,
        "Number of kanji that they wrote, drawn among those that are not read.",
        at_least=0,
    )
    unwritten_kanji: int = setting(
        300,
        "Number of kanji that are read and that no real writer of --train wrote: those "
        "with most look-alikes, which share all components but one. All kanji but "
        "these and those of --written_kanji leave the set; 0: none leaves it.",
        at_least=0,
    )
    written_seed: int = setting(0, "Seed of these choices.", at_least=0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scenario(Written):
    """The preset, with its rivals of generators and the hands of stroke writers."""

    preset: str = setting(
        "standard",
        "standard: the arms of docs/explanation/gain.md; original: the published ones, "
        "real images alone and with each generator's, with and without elastic "
        f"augmentation; {UNWRITTEN}: real writers wrote a part of the characters, and "
        f"images of the others are read; {OTHER_DOMAIN}: simulated scans of --test are "
        "read.",
        changes=EXTENT,
        choices=tuple(PRESETS),
    )
    rival: tuple[str, ...] = setting(
        (),
        "NAME=PATH of what a generator has to be better than: images by no learned "
        "generator, or a stroke store, whose tracks are jittered without learning. "
        "May be given several times.",
        changes=EXTENT,
    )
    wide_writers: int = setting(
        0,
        "Number of simulated writers whose habits vary about twice as much, a rival "
        "of the name wide.",
        at_least=0,
    )
    rival_count: int = setting(
        10, "Images of a character that a rival that is drawn here has.", above=0
    )
    hands: tuple[str, ...] = setting(
        (),
        "Sets that each --generator, a stroke writer, writes, in place of "
        "--style_hands: own, in the hands of the training writers; new, in as many "
        "hands as --new_hands says; own,new: two sets, and an arm with both.",
        choices=HANDS,
        separator=",",
    )

    @property
    def generators(self):
        """{flag: {name: path}} of the generated sets, and of what writes them."""
        found = {
            flag: named_sets(flag, getattr(self, flag))
            for flag in ("generated", "generator")
        }
        if self.hands:
            found["generator"] = {
                f"{name}.{hand}": path
                for name, path in found["generator"].items()
                for hand in HANDS
                if hand in self.hands
            }
        return found

    def hand_of(self, name):
        """The hands of a set of `generators`: `OWN`, `NEW`, or None, --style_hands."""
        hand = name.rpartition(".")[2]
        return hand if self.hands and hand in HANDS else None

    def check(self):
        super().check()
        named_sets("rival", self.rival)
        rules = rules_of(Written)
        for name in rules:
            given = getattr(self, name) != rules[name].default
            if given and self.preset != UNWRITTEN:
                raise InputError(
                    f"--{name} is for --preset={UNWRITTEN}; give it, or leave the flag "
                    "out."
                )
        if self.preset == "original" and (self.rival or self.wide_writers):
            raise InputError(
                "--preset=original has no arms with rivals; leave --rival and "
                "--wide_writers out."
            )
        if self.hands and not self.generator:
            raise InputError(
                "--hands is about the sets that --generator writes; give one, or leave "
                "the flag out."
            )
        if NEW in self.hands and not self.new_hands:
            raise InputError("--hands=new needs --new_hands; give their number.")
        if OWN in self.hands and self.style_hands != ("real",):
            raise InputError("Give either --hands or --style_hands.")
