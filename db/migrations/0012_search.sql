-- +goose Up

-- When the payouts of a day were made, in the order of all: the bounds within which they are looked for. Kept by the triggers below;
-- a day's bounds never get narrower.
create table days (
    day      integer not null primary key,
    first_at integer not null,
    last_at  integer not null
) strict;

insert into days select day, min(created_at), max(created_at) from payouts where day > 0 group by day;

-- +goose StatementBegin
create trigger payouts_day_add after insert on payouts when new.day > 0 begin
    insert into days values (new.day, new.created_at, new.created_at)
        on conflict do update set first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at);
end;
-- +goose StatementEnd

-- +goose StatementBegin
create trigger payouts_day_move after update of day, created_at on payouts when new.day > 0 begin
    insert into days values (new.day, new.created_at, new.created_at)
        on conflict do update set first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at);
end;
-- +goose StatementEnd

-- The words there are, in order: what a beginning stands for is looked up here.
create virtual table payout_terms using fts5vocab(payout_words, instance);
