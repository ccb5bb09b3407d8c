create table landed (
    topic_name text,
    partition_number integer,
    record_offset bigint,
    record text not null,
    primary key (topic_name, partition_number, record_offset)
);

create view arrived as
select (record ->> 'owner') || '|' || (record ->> 'hour_start') as key, record as value
from (select cast(record as json) as record from landed) as read;
