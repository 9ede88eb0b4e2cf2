-- +goose Up

-- The day a payout was made on, in the time zone its store had then: days since 1970-01-01, 0 while it is not known.
alter table payouts add column day integer not null default 0;

create index payouts_undated on payouts (store) where day = 0;
create index payouts_day on payouts (day, state, store, created_at);
create index payouts_way on payouts (method, created_at, id);
create index payouts_conflict on payouts (created_at) where conflicts > 0;
drop index payouts_totals; -- sums has them

-- What all payouts come to, added up: for ever (span 0), by month (span is yyyymm) and by day (span is a day as above). Kept by
-- the triggers below in the same change as the payouts, so that it never differs from them. Sums are kept as whole milliards of
-- minor units and the rest, so that no sum however large keeps a payout from being written down.
create table sums (
    span      integer not null,
    store     text    not null,
    account   text    not null,
    provider  text    not null,
    live      integer not null,
    currency  text    not null,
    state     text    not null,
    payouts   integer not null,
    large     integer not null, -- milliards
    small     integer not null, -- the rest
    fee_large integer not null, -- the same of fees in the same currency
    fee_small integer not null,
    primary key (span, store, account, provider, live, currency, state)
) strict, without rowid;

-- +goose StatementBegin
create trigger payouts_add after insert on payouts when new.day > 0 begin
    insert into sums
        select span, new.store, new.account, new.provider, new.live, new.currency, new.state, 1, new.minor / 1000000000, new.minor % 1000000000,
            case when new.fee_currency = new.currency then new.fee_minor / 1000000000 else 0 end,
            case when new.fee_currency = new.currency then new.fee_minor % 1000000000 else 0 end
        from (select 0 as span union all select new.day union all select cast(strftime('%Y%m', new.day * 86400, 'unixepoch') as integer)) where true
        on conflict do update set payouts = payouts + 1, large = large + excluded.large, small = small + excluded.small,
            fee_large = fee_large + excluded.fee_large, fee_small = fee_small + excluded.fee_small;
end;
-- +goose StatementEnd

-- +goose StatementBegin
create trigger payouts_move after update of day, store, account, provider, live, currency, state, minor, fee_currency, fee_minor on payouts
when (old.day, old.store, old.account, old.provider, old.live, old.currency, old.state, old.minor, old.fee_currency, old.fee_minor)
    is not (new.day, new.store, new.account, new.provider, new.live, new.currency, new.state, new.minor, new.fee_currency, new.fee_minor) begin
    update sums set payouts = payouts - 1, large = large - old.minor / 1000000000, small = small - old.minor % 1000000000,
            fee_large = fee_large - case when old.fee_currency = old.currency then old.fee_minor / 1000000000 else 0 end,
            fee_small = fee_small - case when old.fee_currency = old.currency then old.fee_minor % 1000000000 else 0 end
        where old.day > 0 and span in (0, old.day, cast(strftime('%Y%m', old.day * 86400, 'unixepoch') as integer))
            and store = old.store and account = old.account and provider = old.provider and live = old.live and currency = old.currency and state = old.state;
    delete from sums
        where span in (0, old.day, cast(strftime('%Y%m', old.day * 86400, 'unixepoch') as integer))
            and store = old.store and account = old.account and provider = old.provider and live = old.live and currency = old.currency and state = old.state
            and payouts = 0;
    insert into sums
        select span, new.store, new.account, new.provider, new.live, new.currency, new.state, 1, new.minor / 1000000000, new.minor % 1000000000,
            case when new.fee_currency = new.currency then new.fee_minor / 1000000000 else 0 end,
            case when new.fee_currency = new.currency then new.fee_minor % 1000000000 else 0 end
        from (select 0 as span union all select new.day union all select cast(strftime('%Y%m', new.day * 86400, 'unixepoch') as integer)) where new.day > 0
        on conflict do update set payouts = payouts + 1, large = large + excluded.large, small = small + excluded.small,
            fee_large = fee_large + excluded.fee_large, fee_small = fee_small + excluded.fee_small;
end;
-- +goose StatementEnd

-- Filters of the history that people gave a name.
create table views (
    id      text    not null primary key,
    owner   text    not null references people (id),
    name    text    not null,
    query   text    not null,
    shared  integer not null check (shared in (0, 1)),
    made_at integer not null
) strict;
create index views_owner on views (owner);
create index views_shared on views (shared) where shared = 1;
