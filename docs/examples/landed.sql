create view arrived as
select (record ->> 'owner') || '|' || (record ->> 'hour_start') as key, record as value
from (select cast(record as json) as record from landed) as read;
