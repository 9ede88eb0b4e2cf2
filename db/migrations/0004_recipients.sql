-- +goose Up

-- The latest payouts of an account that name a recipient: what a changed offer is held against.
create index payouts_told on payouts (account, created_at, id) where recipient_key <> '';

-- What of an account is still to be decided or sent.
create index payouts_open on payouts (account, created_at, id) where state in ('draft', 'submitted', 'approved');
