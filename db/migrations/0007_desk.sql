-- +goose Up

-- What people found out about a contradiction, JSON; '' while nobody has.
alter table conflicts add column finding text not null default '';

-- That an open outcome is left open for now, JSON, and until when nobody is reminded of it.
alter table payouts add column wait text not null default '';
alter table payouts add column quiet_until integer not null default 0;

-- A store from which nothing is sent, like accounts.frozen_*.
alter table stores add column frozen_at integer not null default 0;
alter table stores add column frozen_by text not null default '';
alter table stores add column frozen_why text not null default '';
