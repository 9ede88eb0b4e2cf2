-- +goose Up

-- Rules about approvals. A row is proposed, perhaps confirmed by a second person, and then holds until the next one does. Rows
-- stay for ever.
create table policies (
    id           text    not null primary key,
    version      integer not null,         -- 0: does not hold; else its place in the order in which they came to hold
    rules        text    not null,         -- JSON
    base         integer not null,         -- version that held when it was drafted
    loosens      integer not null check (loosens in (0, 1)),
    drafted_by   text    not null references people (id),
    drafted_at   integer not null,
    saved_at     integer not null default 0,  -- when its author confirmed it
    confirmed_by text    not null default '', -- a second super admin, if it needed one
    held_at      integer not null default 0,
    dropped_at   integer not null default 0
) strict;

create unique index policies_version on policies (version) where version > 0;

-- What limits of a day add up.
create index approvals_at on approvals (at);
