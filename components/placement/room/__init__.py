"""Make room: where a claim fits no card as things stand, the fewest own moves that make it fit.

``field`` is the final view of the board in which instances can be lifted and set down again; ``victims`` says whose leaving
makes a claim fit on a node; ``search`` finds the fewest moves by iterative deepening; ``passage`` says whether they can be
made one after another, each new instance beside its old one; ``maker`` makes them on the board, or tells what would help.

A claim that lands on a node evicts a smallest set of instances there; each of these lands elsewhere, and may evict in turn.
Every set of moves that works can be built like that, whatever the order in which the evicted are looked after, so going
through all such chains with 1, 2, 3 ... moves finds the fewest. What is new or moves anyway in a plan keeps the place that
it was given, and instances of other owners never move.
"""
