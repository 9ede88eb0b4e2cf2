-- +goose Up

-- What an account's company offers: its ways to pay with what it asks for in each. A new version each time something in it
-- changed.
create table offers (
    account    text    not null references accounts (id),
    version    integer not null,
    credential integer not null, -- version of the settings it was read with last
    methods    text    not null, -- JSON
    digest     text    not null,
    fetched_at integer not null, -- when it was first seen so
    checked_at integer not null, -- when it was last seen so
    primary key (account, version)
) strict;

-- What a recipient lacked when a company began to ask for more, and what is filled in instead.
create table recipient_details (
    account       text    not null references accounts (id),
    method        text    not null,
    recipient_key text    not null,
    details       text    not null, -- JSON, all of it
    set_by        text    not null,
    set_at        integer not null,
    primary key (account, method, recipient_key)
) strict;
create index payouts_account on payouts (account, state, created_at, id);
