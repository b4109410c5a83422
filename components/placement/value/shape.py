"""What the kernels read and write: flat arrays in named bundles. Data only.

Arrays have one dimension, or are read row by row, so that the same functions run compiled on arrays of numbers and
interpreted on plain lists.
A *type* is a kind of card: cards of one type have one size and take the same claims. Its memory is counted in *units*
(a divisor of all sizes where there is one), compute in steps of one common divisor. A *state* is what is free of a card,
``memory unit * (steps + 1) + compute step``, numbered on through all types; ``first`` has each type's first state.
"""

from __future__ import annotations

from collections.abc import MutableSequence
from typing import NamedTuple

Ints = MutableSequence[int]
Floats = MutableSequence[float]
Rows = MutableSequence[MutableSequence[int]]
"""Rows of integers of one length."""
FloatRows = MutableSequence[MutableSequence[float]]

ONE = 65536
"""Decisions are made in integers: one thousandth of a card is this many."""
FULL_VALUE = 1000.0
"""What a whole card is worth."""
NEVER = 1 << 60
"""A loss or a size that rules a place out."""


class Shape(NamedTuple):
    """Types of cards and the grids of prices.

    ``units``: memory units per type. ``first``: number of the first state per type, and at the end how many states
    there are. ``unit``: MiB of one unit per type. ``exact``: 1 where every size is a multiple of its unit and of a
    step. ``steps``: compute steps of a card. ``cpu_prices`` per thousandth of a core, and the same as integers of
    which ``ONE`` are one thousandth of a card. ``tau``: how smooth values are. ``cards``: the most cards of one node.
    """

    units: Ints
    unit: Ints
    first: Ints
    exact: int
    steps: int
    cpu_prices: Floats
    cpu_prices_int: Ints
    tau: float
    cards: int


class Mix(NamedTuple):
    """Classes of claims that are expected, one card each, and their sizes per type.

    ``value`` and ``price`` in thousandths of a card, ``cpu`` in thousandths of a core, ``compute`` in steps;
    ``wanted``: how many are still expected. ``slot``: per type and class the place of its size among the type's
    ``sizes``, -1 where the class may not be. ``sizes`` (in units, ascending) and ``computes`` (in steps) have as many
    places per type as there are classes; ``distinct`` of them are used.
    """

    value: Floats
    price: Floats
    cpu: Floats
    compute: Ints
    wanted: Floats
    slot: Ints
    sizes: Ints
    computes: Ints
    distinct: Ints


class Gangs(NamedTuple):
    """Classes of claims for several whole cards of one node. ``allowed``: per type and class, whether it may be there."""

    number: Ints
    value: Floats
    price: Floats
    cpu: Floats
    wanted: Floats
    allowed: Ints


class Market(NamedTuple):
    """All that is expected."""

    mix: Mix
    gangs: Gangs


class Tables(NamedTuple):
    """What cards are worth at each CPU price, in integers, per state; what gangs add, per type and number of free cards."""

    card: Rows
    gang: Rows


class Crowd(NamedTuple):
    """The nodes as prices see them: like nodes once, with how many of them there are.

    ``cpu`` that is free, ``whole`` free cards, the ``type`` of its cards; ``card``: per node and card a number of a
    state that is seen, -1 for none; ``state`` says which these are.
    """

    times: Floats
    cpu: Floats
    whole: Ints
    type: Ints
    card: Ints
    state: Ints


class Work(NamedTuple):
    """Scratch space of solving.

    In rows of all CPU prices: ``weight`` per class, ``by_size`` per type and size, ``energy`` exp(value / tau) and ``cards``
    per state, ``flow`` per size. ``gang`` and ``gang_best`` per type, number of free cards and CPU price; ``worth`` per
    seen state and CPU price; ``used`` and ``gangs_used`` per class.
    """

    weight: FloatRows
    by_size: FloatRows
    energy: FloatRows
    cards: FloatRows
    flow: FloatRows
    gang: Floats
    gang_best: Ints
    worth: Floats
    used: Floats
    gangs_used: Floats


class Asks(NamedTuple):
    """What is asked for, exactly; claims that ask for the same are one ask.

    ``gpus``: whole cards; ``slice``: 1 where it asks for a part of one card. ``room`` (MiB; :data:`NEVER` where the
    model or the unit rules it out), ``units`` and ``share`` (thousandths of an empty card) per ask and type.
    ``compute`` percent, ``steps`` the same as steps, ``cpu`` thousandths of a core, ``memory`` MiB of the node.
    ``apart``: kind of slices that may not be on the node, else 0. ``may``: per ask and kind of node, whether it may
    be there. ``toll``: per ask, its CPU at every CPU price. ``large``: per ask and type, what a whole card's size adds
    to the loss.
    """

    gpus: Ints
    slice: Ints
    room: Ints
    units: Ints
    share: Ints
    compute: Ints
    steps: Ints
    cpu: Ints
    memory: Ints
    apart: Ints
    may: Ints
    toll: Rows
    large: Ints


class Nodes(NamedTuple):
    """What is free of every node and card, as many ``cards`` places per node as any node has.

    ``kind``: number of the node's kind (pool, instance type, state), of which there are ``kinds``. ``number``: how
    many cards it has. ``cpu`` and ``memory``: what is free. ``slices``: per node how many it holds of each of three
    kinds of slices. Per card ``type`` (-1: takes nothing), ``room`` (MiB), ``compute`` (percent) and ``state`` (-1:
    takes nothing); ``twin``: whether an earlier card of the node is just like it. ``main``: the type that says what
    gangs find there. ``size``: what a card has when empty. ``left``: thousandths of cards that are free. ``whole``:
    how many cards are entirely free. ``worth``: per node and CPU price the sum over its cards; ``before``: what the
    node is worth. ``changed``: when it last changed, a number into ``log``; ``clock``: how many changes there were.
    """

    kinds: int
    kind: Ints
    number: Ints
    cpu: Ints
    memory: Ints
    slices: Ints
    main: Ints
    type: Ints
    size: Ints
    room: Ints
    compute: Ints
    state: Ints
    twin: Ints
    left: Ints
    whole: Ints
    worth: Rows
    before: Ints
    changed: Ints
    log: Ints
    clock: Ints


class Ranks(NamedTuple):
    """Per ask a tournament over all nodes.

    ``loss`` and ``place`` (of the best card) per ask and node, ``winner`` per ask and inner knot, ``seen``: the
    change up to which an ask's tournament is up to date, -1 for never. ``leaves``: a power of two.
    """

    loss: Ints
    place: Ints
    winner: Ints
    seen: Ints
    leaves: int
