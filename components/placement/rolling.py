"""Rolling updates: surge instances as cover, then waves of stops and starts in place, then the surge instances stop.

At every moment at least ``instances - max_unavailable`` of a service's instances are ready, surge instances included, or
as many as are ready when the plan begins; an ordinal that waits for a place that others leave does not count until it has
it. A wave begins when the one before it is ready, so a roll whose new revision does not start pauses with the old one
serving.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from components.placement.board import Board, Group
from components.placement.jobs import Slot, Start, Stop
from components.placement.surge import find_surges

AWAITED = 4
"""For how many starts of the wave before a stop waits, once waves have their full width."""


@dataclass(slots=True, eq=False)
class Roll:
    """What one service's roll starts from.

    ``filling``: starts of ordinals that do not serve now; they need nobody's leave. ``relocating``: serving ordinals
    whose new place is elsewhere. ``waves``: serving ordinals that are replaced where they are.
    """

    group: Group
    filling: list[Start] = field(default_factory=list)
    relocating: list[Slot] = field(default_factory=list)
    in_place: list[Slot] = field(default_factory=list)
    ready: int = 0
    alive: int = 0

    @property
    def stops(self) -> list[Stop]:
        """The stops that waves order."""
        return [*self.group.surges, *(old for slot in self.in_place for old in slot.olds)]

    @property
    def cover(self) -> list[Stop]:
        """The surge instances that an earlier apply left serving, of whatever revision: better than nothing meanwhile."""
        return [stop for stop in self.group.surges if stop.serves]


def roll_of(group: Group) -> Roll:
    """Sort a service's ordinals by how they are replaced."""
    roll = Roll(group)
    for slot in group.slots:
        # A new token alone interrupts nothing.
        start = slot.start if slot.start is not None and slot.start.how != "reconfigure" else None
        roll.ready += slot.serving
        roll.alive += slot.serving or start is not None
        if start is None:
            continue
        if not slot.serving:
            roll.filling.append(start)
        elif start.in_place:
            roll.in_place.append(slot)
        else:
            roll.relocating.append(slot)
    return roll


def resolved_surge(limit: int | str, instances: int) -> int:
    """Return ``max_surge`` as a count: a percentage is rounded up and is at least 1."""
    if isinstance(limit, int):
        return max(limit, 0)
    percent = int(limit.strip().rstrip("%"))
    return max(1, -(-instances * percent // 100))


def pair_up(slot: Slot) -> None:
    """Order the stop of what is replaced and the start that replaces it, outside of waves."""
    start = slot.start
    for old in slot.olds:
        if start is None or old in start.in_place or not old.serves:
            continue
        old.after.append(start)
        old.mode = start.mode = "make-before-break"


def relocate_in_waves(roll: Roll) -> None:
    """A new revision at a new place: a few at a time, each old instance stopping once its new one is ready."""
    wanted = roll.group.wanted
    width = max(1, resolved_surge(wanted.max_surge, roll.group.instances), wanted.max_unavailable)
    free = [
        slot for slot in roll.relocating if slot.start and slot.start.how == "roll" and slot.start.settled
    ]
    before: list[Start] = []
    for index in range(0, len(free), width):
        wave = [slot.start for slot in free[index : index + width] if slot.start is not None]
        for start in wave:
            start.wave = index // width + 1
            start.after += before
        before = wave


def end_cover(roll: Roll) -> None:
    """Nothing is replaced in place: what covers goes once all that can begin without its place serves."""
    starts = [*roll.filling, *(slot.start for slot in roll.relocating if slot.start is not None)]
    _end_surges(roll.cover, [start for start in starts if start.settled])


def plan_waves(board: Board, roll: Roll) -> bool:
    """Order a roll in place. Returns False where it has neither a surge place nor ``max_unavailable``."""
    group, wanted, cover = roll.group, roll.group.wanted, roll.cover
    allowed = resolved_surge(wanted.max_surge, group.instances)
    resumed = _resumable(board, roll)
    # What waits for a place that this or a later roll frees cannot be waited for.
    filling = [start for start in roll.filling if start.settled]
    ready = roll.ready + len(cover)
    budget = ready - (roll.alive - len(roll.filling) + len(filling) - wanted.max_unavailable)
    wish = min(allowed, len(roll.in_place) - max(0, min(budget, ready - 1))) - len(cover) - len(resumed)
    surges = resumed + find_surges(board, group, wish, first=_free_ordinals(group))
    width = len(cover) + len(surges) + wanted.max_unavailable
    board.rolling[wanted.service] = _sentence(roll, allowed, len(cover) + len(surges))
    if width == 0:
        return False
    covered = bool(cover or surges)
    at_once = max(0, min(budget, ready - 1) if covered else budget)
    after_surges = max(0, budget + len(surges) - at_once) if surges else 0
    last = _waves(roll, filling, surges, Widths(at_once, after_surges, width, ready, covered))
    _end_surges([*cover, *(start.end for start in surges if start.end is not None)], last)
    return True


@dataclass(frozen=True, slots=True)
class Widths:
    """How many may stop in the first wave at once and once the surge instances are ready, and in each later wave.

    ``ready``: how many serve now. ``covered``: whether surge instances serve meanwhile.
    """

    at_once: int
    after_surges: int
    later: int
    ready: int
    covered: bool


def _waves(roll: Roll, filling: Sequence[Start], surges: list[Start], widths: Widths) -> list[Start]:
    """Give every ordinal its wave; return the starts of the last one."""
    slots = sorted(roll.in_place, key=lambda slot: slot.ordinal)
    split = widths.at_once + widths.after_surges
    first, rest = slots[:split], slots[split:]
    outage = not widths.covered and min(widths.at_once, len(slots)) >= widths.ready
    for start in filling:
        start.wave = 1 if start.how == "roll" else 0
    before = [*filling, *surges]
    for index, slot in enumerate(first):
        before.append(_wave_step(slot, 1, surges if index >= widths.at_once else [], outage))
    number = 2 if first or any(start.wave for start in filling) else 1
    earlier: list[Start] = []
    for index in range(0, len(rest), widths.later):
        wave = rest[index : index + widths.later]
        outage = not widths.covered and len(wave) >= roll.alive
        starts = [
            _wave_step(slot, number, _awaited(before, lane) if earlier else before, outage)
            for lane, slot in enumerate(wave)
        ]
        earlier, before = before, starts
        number += 1
    return [*earlier, *before]


def _awaited(before: Sequence[Start], lane: int) -> list[Start]:
    """Return which starts of the wave before one stop waits for: a few where waves are wide, its own lane's among them.

    Each lane then has one instance down at a time, so no more are down than the wave is wide; a wide wave whose every
    stop waited for every start would make plans large for nothing.
    """
    return [before[(lane + ahead) % len(before)] for ahead in range(min(AWAITED, len(before)))]


def _wave_step(slot: Slot, number: int, before: Sequence[Start], outage: bool) -> Start:
    start = slot.start
    assert start is not None, "an ordinal that rolls has a start"
    start.wave, start.mode = number, "break-before-make" if outage else "in-place"
    for stop in start.in_place:
        stop.wave, stop.mode = number, start.mode
        stop.after += before
    for stop in slot.olds:
        if stop not in start.in_place and stop.serves:
            stop.wave, stop.mode = number, "make-before-break"
            stop.after.append(start)
    return start


def _resumable(board: Board, roll: Roll) -> list[Start]:
    """Surge instances of the wanted revision that an earlier apply began are brought up and used."""
    resumed = []
    for stop in roll.group.surges:
        row = stop.row
        if (
            row is None
            or row.state not in ("reserved", "starting")
            or row.revision != roll.group.wanted.revision
        ):
            continue
        if board.standing(row.place).state not in ("ready", "cordoned"):
            continue
        start = Start(
            roll.group.wanted, row.ordinal, row.place, stop.node, role="surge", how="resume", row=row
        )
        start.revision, start.reason, start.end = row.revision, "left unfinished", stop
        board.starts.append(start)
        resumed.append(start)
    return resumed


def _free_ordinals(group: Group) -> list[int]:
    taken = {stop.row.ordinal for stop in group.surges if stop.row is not None}
    return [n for n in range(len(taken) + group.instances + 1) if n not in taken]


def _end_surges(stops: Sequence[Stop], last: Sequence[Start]) -> None:
    for stop in stops:
        stop.after += [start for start in last if start not in stop.after]


def _sentence(roll: Roll, allowed: int, found: int) -> str:
    wanted, count = roll.group.wanted, roll.group.instances
    rolling = len(roll.in_place) + len(roll.relocating)
    limit = f"max_surge {wanted.max_surge}"
    if isinstance(wanted.max_surge, str):
        limit += f" of {count} allows {allowed}"
    return (
        f"rolls {rolling} of {count} instances in waves of {found + wanted.max_unavailable}: {limit}, "
        f"room for {found}; max_unavailable {wanted.max_unavailable}"
    )
