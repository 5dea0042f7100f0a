"""Filling the places of a set with units of lines, where a line may fit several places."""

from __future__ import annotations

from collections.abc import Sequence

from app.loyalty.run import Work

Chosen = list[list[tuple[Work, int]]]
"""Lines and their units in one set, by place."""


class Filling:
    """One set in the making. Each place takes the first lines of its queue that have units left."""

    def __init__(self, queues: Sequence[list[Work]], counts: dict[Work, int]) -> None:
        self.queues = queues
        """The lines that fit each place, in the order in which it takes them."""
        self.counts = counts
        self.used: dict[Work, int] = {}
        self.taken: list[dict[Work, int]] = []
        """Units of lines, by place, as far as these are filled."""
        self.moved = False

    def fill(self, qty: int) -> bool:
        """Fill the next place with so many units; False where there are too few."""
        place, used = len(self.taken), self.used
        part: dict[Work, int] = {}
        self.taken.append(part)
        for work in self.queues[place]:
            free = min(qty, self.counts[work] - used.get(work, 0))
            if free > 0:
                part[work] = free
                used[work] = used.get(work, 0) + free
                qty -= free
            if not qty:
                return True
        while qty:
            got = self._make_way(place, qty)
            if not got:
                return False
            qty -= got
        return True

    def chosen(self) -> Chosen:
        if not self.moved:
            return [list(part.items()) for part in self.taken]
        return [
            [(work, part[work]) for work in queue if work in part]
            for queue, part in zip(self.queues, self.taken, strict=True)
        ]

    def _make_way(self, place: int, qty: int) -> int:
        """Units that earlier places hold and this one lacks: how many; 0 where none can be spared.

        A place that gives some up takes the next in its queue, or in its turn has them from another. The
        way with the fewest hands wins.
        """
        came: dict[int, tuple[int, Work]] = {}
        asked = [place]
        for each in asked:
            for work in self.queues[each]:
                free = self.counts[work] - self.used.get(work, 0)
                if free > 0:
                    return self._hand_on(place, each, work, min(qty, free), came)
            for work in self.queues[each]:
                for other, part in enumerate(self.taken):
                    if work in part and other not in asked:
                        came[other] = (each, work)
                        asked.append(other)
        return 0

    def _hand_on(self, place: int, last: int, free: Work, qty: int, came: dict[int, tuple[int, Work]]) -> int:
        """The last place takes what is free; each hands on what the one that asked it lacks."""
        self.moved = True
        hands: list[tuple[int, int, Work]] = []
        giver = last
        while giver != place:
            taker, work = came[giver]
            hands.append((giver, taker, work))
            qty = min(qty, self.taken[giver][work])
            giver = taker
        self.used[free] = self.used.get(free, 0) + qty
        self.taken[last][free] = self.taken[last].get(free, 0) + qty
        for giver, taker, work in hands:
            self.taken[giver][work] -= qty
            if not self.taken[giver][work]:
                del self.taken[giver][work]
            self.taken[taker][work] = self.taken[taker].get(work, 0) + qty
        return qty
