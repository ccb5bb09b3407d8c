select owner,
    sum(cast(record -> 'rates' -> 'contact_rate' ->> 'numerator' as double precision))
    / nullif(sum(cast(record -> 'rates' -> 'contact_rate' ->> 'denominator' as double precision)), 0) as contact_rate
from operator_hour
where hour_start >= $1 and hour_start < $2
group by owner
order by owner;
