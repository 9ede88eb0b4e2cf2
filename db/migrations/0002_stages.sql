-- +goose Up

-- Where the company says an attempt stands, as last heard: its own word, the step it stands for, documents it shows.
alter table attempts add column word text not null default '';
alter table attempts add column stage text not null default '' check (stage in ('', 'approval', 'processing'));
alter table attempts add column proofs text not null default ''; -- JSON

-- How far the company's clock is before ours, by the latest answer that told.
alter table accounts add column clock_ms integer not null default 0;
alter table accounts add column clock_at integer not null default 0;

-- Calls to the company by hour. Bad are those that came to no answer, to a server's fault or to refused keys.
create table calls (
    account text    not null references accounts (id),
    hour    integer not null, -- when it began
    good    integer not null default 0,
    bad     integer not null default 0,
    primary key (account, hour)
) strict;
