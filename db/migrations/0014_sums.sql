-- +goose Up

-- The sums are read by currency, mode and state for a page of payouts: they are kept in that order, so that none is sorted each time.
drop trigger payouts_add;
drop trigger payouts_move;

create table ordered_sums (
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
    primary key (span, currency, live, state, store, account, provider)
) strict, without rowid;

insert into ordered_sums select span, store, account, provider, live, currency, state, payouts, large, small, fee_large, fee_small from sums order by span, currency, live, state, store, account, provider;
drop table sums;
alter table ordered_sums rename to sums;

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
