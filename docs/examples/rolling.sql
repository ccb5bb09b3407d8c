select sum(cast(record -> 'slots' -> 'calls' ->> slot as integer)) as calls,
    sum(cast(record -> 'slots' -> 'conversations' ->> slot as integer)) as conversations
from (
    select record, slot,
        hour_start + slot * cast(record -> 'slots' ->> 'seconds' as integer) * interval '1 second' as begins
    from operator_hour cross join generate_series(0, 11) as places (slot)
) as slots
where begins > $1 - interval '1 hour' and begins <= $1;
