-- +goose Up

alter table hooks add column at_least integer not null default 0 check (at_least in (0, 1)); -- more came than size and digest tell of
alter table hooks add column version integer not null default 0;      -- of the account's settings by which it is genuine; 0: by none
alter table hooks add column late integer not null default 0 check (late in (0, 1)); -- came after the payout had ended, or long after it was sent
alter table hooks add column forgotten_at integer not null default 0; -- when body and header were emptied

-- Every list of webhooks walks along one of these: all, those of an account, and the few that are not plainly genuine. The indexes
-- they replace cost every webhook more than they told.
drop index hooks_store;
drop index hooks_verdict;
drop index hooks_address;
create index hooks_account on hooks (account, received_at, id);
create index hooks_rare on hooks (verdict, received_at, id) where verdict not in ('received', 'applied', 'confirming');
create index hooks_rare_account on hooks (account, verdict, received_at, id) where verdict not in ('received', 'applied', 'confirming');
create index hooks_late on hooks (received_at, id) where late = 1;
create index hooks_late_account on hooks (account, received_at, id) where late = 1;

-- What counts towards a flood: a provider that posts many genuine ones is not counted through.
create index hooks_refused on hooks (address, received_at) where verdict in ('forged', 'misaddressed', 'failed');

-- Words of a webhook for the search box; rowid is hooks.seq. They are added after the answer, in the order of seq.
create virtual table hook_words using fts5 (names, header, body, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2');

-- How far jobs that go through all webhooks have come: 'words' by seq, 'bodies' by received_at.
create table hook_marks (
    name text    not null primary key,
    at   integer not null
) strict;
insert into hook_marks (name, at) values ('words', 0), ('bodies', 0);

-- What people had done with a webhook afterwards: it was replayed, or held against older secrets. Never changed.
create table hook_acts (
    seq        integer primary key,
    hook       text    not null,
    at         integer not null,
    person     text    not null,
    name       text    not null,
    act        text    not null check (act in ('replay', 'older')),
    verdict    text    not null default '', -- of a replay: by the rules and secrets of that day
    was        text    not null default '', -- the verdict before
    code       text    not null default '',
    from_state text    not null default '',
    to_state   text    not null default '',
    versions   text    not null -- of older secrets: JSON, those that fit
) strict;
create index hook_acts_hook on hook_acts (hook, seq);

create index hook_floods_hour on hook_floods (hour);

-- How long payouts take: the latest that ended, by what was asked for and by account.
create index payouts_ended on payouts (provider, method, live, ended_at) where ended_at > 0 and state in ('paid', 'failed', 'cancelled');
create index payouts_ended_account on payouts (account, ended_at) where ended_at > 0 and state in ('paid', 'failed', 'cancelled');
