"""The floor as one endless stream of facts, in the order in which they are said."""

import heapq
from collections.abc import Iterator
from itertools import count
from random import Random

import msgspec

from processors.owners import owner_of, record_key
from streams.producing import Outgoing
from streams.simulator.people import hire
from streams.simulator.plan import Plan, Said
from streams.simulator.shift import Shift

_encode = msgspec.json.Encoder().encode


def facts(plan: Plan) -> Iterator[Outgoing]:
    """The facts of a plan, without end, by due time. The same plan gives the same facts; no clock is read."""
    staff = hire(plan.seed, plan.operators, plan.sites)
    order = count()
    # Turns and facts share one queue: a turn comes up once nothing that was said before it is left.
    queue: list[tuple[int, int, Shift | Said | Outgoing]] = []
    for operator in staff.operators:
        shift = Shift(plan, staff, operator)
        heapq.heappush(queue, (shift.begins_us, next(order), shift))
    luck = Random(f"{plan.seed}/duplicates")
    while queue:
        us, _, item = heapq.heappop(queue)
        if isinstance(item, Shift):
            said, next_us = item.turn(us)
            for each in said:
                heapq.heappush(queue, (each.due_us, next(order), each))
            heapq.heappush(queue, (next_us, next(order), item))
        elif isinstance(item, Said):
            record = _record(item)
            yield record
            if luck.random() < plan.duplicates:
                again_us = plan.after(us, luck.expovariate(1 / 6))
                repeated = record._replace(due_us=again_us, mark="duplicate")
                heapq.heappush(queue, (again_us, next(order), repeated))
        else:
            yield item


def _record(said: Said) -> Outgoing:
    owner = owner_of(said.fact.get("operator_id"), said.fact.get("campaign_id", ""))
    return Outgoing(said.due_us, said.topic, record_key(owner), _encode(said.fact), said.mark)
