-- +goose Up

-- What differs about a payout, for lists and exports that tell it of each.
create index month_exceptions_payout on month_exceptions (payout) where payout <> '';
