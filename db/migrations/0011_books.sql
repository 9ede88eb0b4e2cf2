-- +goose Up

-- Whether what a paid or returned payout moved stands in the books. Those of before, and those that were put in as rows, are
-- found by the index and booked in the background.
alter table payouts add column booked integer not null default 0;
create index payouts_unbooked on payouts (booked, state, store) where booked = 0 and state in ('paid', 'returned');

-- One row for each movement. A month is 'yyyy-mm' as the store's clock had it when it happened; what is news about a closed
-- month stands in the first open one after it.
create table bookings (
    seq          integer primary key,
    store        text    not null references stores (id),
    provider     text    not null,
    currency     text    not null,
    live         integer not null check (live in (0, 1)),
    month        text    not null,
    at           integer not null, -- when it happened
    payout       text    not null references payouts (id),
    kind         text    not null check (kind in ('paid', 'returned', 'fee', 'news')),
    late         text    not null default '', -- the closed month it is news about
    minor        integer not null,
    fee_currency text    not null default '',
    fee_minor    integer not null default 0,
    note         text    not null default ''  -- of news: the code of the contradiction
) strict;
create index bookings_month on bookings (store, provider, currency, live, month, seq);
create index bookings_late on bookings (store, provider, currency, live, late, seq) where late <> '';
create index bookings_foreign on bookings (store, provider, currency, live, month) where fee_currency <> '' and fee_currency <> currency;
create index bookings_payout on bookings (payout);

-- What the bookings of a month add up to, and how far it is. Version goes up with every change of anything in the month.
create table book_months (
    store      text    not null references stores (id),
    provider   text    not null,
    currency   text    not null,
    live       integer not null check (live in (0, 1)),
    month      text    not null,
    version    integer not null default 0,
    payouts    integer not null default 0,
    paid       integer not null default 0,
    fees       integer not null default 0,
    returned   integer not null default 0,
    adjusted   integer not null default 0, -- amounts of news about closed months
    late_fees  integer not null default 0, -- fees of them
    overflow   integer not null default 0, -- the sums do not fit: they stand where they stood before
    checked    integer not null default 0, -- version that was held against the provider's record last
    checked_at integer not null default 0,
    lines      integer not null default 0, -- of the provider's record
    reported   integer not null default 0, -- their sum, what was returned taken off
    exceptions integer not null default 0,
    open       integer not null default 0, -- those without owner or reason
    closed_at  integer not null default 0,
    primary key (store, provider, currency, live, month)
) strict, without rowid;
create index book_months_unchecked on book_months (checked_at) where checked < version and closed_at = 0;

-- What providers say of themselves: a file of their portal, or their list.
create table reports (
    id       text    not null primary key,
    store    text    not null references stores (id),
    provider text    not null,
    currency text    not null,
    live     integer not null check (live in (0, 1)),
    month    text    not null, -- at which it was taken in
    source   text    not null check (source in ('file', 'list')),
    name     text    not null default '',
    digest   text    not null default '', -- SHA-256 of the file, hex
    size     integer not null default 0,
    state    text    not null check (state in ('shown', 'waiting', 'running', 'done', 'failed', 'dropped')),
    mapping  text    not null default '', -- JSON: which column is what
    lines    integer not null default 0,
    bad      integer not null default 0,
    problems text    not null default '', -- JSON: the first of the lines that cannot be read
    error    text    not null default '',
    by       text    not null,
    by_name  text    not null,
    at       integer not null,
    done_at  integer not null default 0
) strict;
create index reports_month on reports (store, provider, currency, live, month, at);
create index reports_file on reports (store, provider, digest) where digest <> '';
create index reports_waiting on reports (at) where state in ('waiting', 'running');
create index reports_shown on reports (at) where state = 'shown';

-- The file of a report until it is taken in or dropped.
create table report_files (
    report text    not null references reports (id),
    no     integer not null,
    part   blob    not null,
    primary key (report, no)
) strict;

create table report_lines (
    seq        integer primary key,
    report     text    not null references reports (id),
    line       integer not null, -- in the file or list
    store      text    not null,
    provider   text    not null,
    currency   text    not null,
    live       integer not null check (live in (0, 1)),
    month      text    not null,
    remote_id  text    not null default '',
    reference  text    not null default '',
    minor      integer not null,
    fee_minor  integer, -- null: it tells none
    status     text    not null, -- as understood; empty: it is not
    word       text    not null default '',
    recipient  text    not null default '',
    at         integer not null default 0,
    payout     text    not null default '',
    matched_by text    not null default '', -- empty: by reference or identifier, whole
    gone       integer not null default 0 check (gone in (0, 1)) -- a later report says the same anew
) strict;
create index report_lines_report on report_lines (report);
create index report_lines_month on report_lines (store, provider, currency, live, month, seq) where gone = 0;
create index report_lines_loose on report_lines (store, provider, currency, live, month, minor) where gone = 0 and payout = '';
create index report_lines_payout on report_lines (payout) where payout <> '' and gone = 0;
create index report_lines_remote on report_lines (store, provider, remote_id) where remote_id <> '' and gone = 0;
create index report_lines_reference on report_lines (store, provider, reference) where reference <> '' and gone = 0;

-- Which column of a provider's file is what, as it was taken in last.
create table report_mappings (
    store    text not null references stores (id),
    provider text not null,
    mapping  text not null, -- JSON
    primary key (store, provider)
) strict;

create table month_exceptions (
    id       text    not null primary key,
    store    text    not null references stores (id),
    provider text    not null,
    currency text    not null,
    live     integer not null check (live in (0, 1)),
    month    text    not null,
    code     text    not null,
    payout   text    not null default '',
    line     integer not null default 0, -- of report_lines
    expected text    not null default '',
    got      text    not null default '',
    minor    integer not null default 0, -- what it makes in the sums
    likely_payout text not null default '',
    likely_line integer not null default 0,
    score    integer not null default 0,
    owner    text    not null default '',
    reason   text    not null default '',
    by       text    not null default '',
    said_at  integer not null default 0,
    found_at integer not null,
    gone_at  integer not null default 0 -- it is no exception any more
) strict;
create unique index month_exceptions_what on month_exceptions (store, provider, currency, live, month, code, payout, line);
create index month_exceptions_open on month_exceptions (store, provider, currency, live, month) where gone_at = 0;

create table month_closes (
    store     text    not null references stores (id),
    provider  text    not null,
    currency  text    not null,
    live      integer not null check (live in (0, 1)),
    month     text    not null,
    payouts   integer not null,
    opening   integer not null,
    paid      integer not null,
    fees      integer not null,
    returned  integer not null,
    adjusted  integer not null, -- late fees included
    closing   integer not null,
    reported  integer not null,
    exceptions integer not null,
    digest    text    not null, -- SHA-256 of the month's lines, hex
    mac       blob    not null, -- keyed hash of this row
    by        text    not null,
    by_name   text    not null,
    at        integer not null,
    primary key (store, provider, currency, live, month)
) strict, without rowid;

-- +goose StatementBegin
create trigger bookings_no_update before update on bookings begin
    select raise(abort, 'bookings are never changed');
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger bookings_no_delete before delete on bookings begin
    select raise(abort, 'bookings are never deleted');
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger month_closes_no_update before update on month_closes begin
    select raise(abort, 'a closed month is never changed');
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger month_closes_no_delete before delete on month_closes begin
    select raise(abort, 'a closed month is never opened again');
end;
-- +goose StatementEnd
