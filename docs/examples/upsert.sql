insert into operator_hour
select distinct on (key)
    key, value ->> 'revision', value ->> 'owner', value ->> 'operator_id', value ->> 'team_id', value ->> 'site_id',
    cast(value ->> 'hour_start' as timestamptz), cast(value ->> 'is_final' as boolean), value
from arrived
where value is not null
order by key, value ->> 'revision' desc
on conflict (key) do update set
    revision = excluded.revision,
    team_id = excluded.team_id,
    site_id = excluded.site_id,
    is_final = excluded.is_final,
    record = excluded.record
where excluded.revision > operator_hour.revision;
