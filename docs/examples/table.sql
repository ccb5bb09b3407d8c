create table arrived (key text, value json);

create table operator_hour (
    key text primary key,
    revision text not null,
    owner text not null,
    operator_id text,
    team_id text,
    site_id text,
    hour_start timestamptz not null,
    is_final boolean not null,
    record json not null
);
