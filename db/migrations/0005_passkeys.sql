-- +goose Up
create table passkeys (
    id         text    not null primary key,  -- of the credential, base64url
    person     text    not null references people (id),
    name       text    not null,
    site       text    not null,              -- host it was made for; it works nowhere else
    credential blob    not null,              -- sealed: public key and counters
    made_at    integer not null,
    used_at    integer not null default 0
) strict;
create index passkeys_person on passkeys (person);

create table recovery_codes (
    person  text    not null references people (id),
    hash    text    not null,                 -- hex SHA-256 of 80 random bits
    used_at integer not null default 0,
    primary key (person, hash)
) strict;

-- A confirmation may be about several things and is used up for each of them on its own.
create table challenge_uses (
    challenge text    not null references challenges (id),
    subject   text    not null,
    at        integer not null,
    primary key (challenge, subject)
) strict;

alter table challenges add column intent blob;  -- what is signed

alter table approvals add column intent blob;
alter table approvals add column proof text not null default '';  -- the passkey's signature, as JSON
alter table approvals add column lapses_at integer not null default 0;
alter table approvals add column mac blob;                        -- over the row, so that one put there from outside is told
