-- +goose Up

-- Times are Unix milliseconds, 0 where there is none. Amounts are minor units. Booleans are 0 and 1. Ids are text.

create table settings (
    name  text not null primary key,
    value text not null
) strict;

-- Keys of the vault, each wrapped by the master key.
create table keysets (
    purpose    text    not null primary key,
    master_id  text    not null, -- which master key wraps it: public, says nothing of the key
    sealed     blob    not null,
    created_at integer not null
) strict;

create table people (
    id         text    not null primary key,
    email      text    not null collate nocase,
    name       text    not null,
    language   text    not null default '',
    theme      text    not null default '',
    subject    text    not null default '', -- who the host program says it is; empty for people who sign in here
    password   text    not null default '', -- argon2id, with its parameters
    totp       blob,                        -- sealed seed
    totp_step  integer not null default 0,  -- last time step that was used up
    disabled_at integer not null default 0,
    seen_at    integer not null default 0,
    created_at integer not null
) strict;
create unique index people_email on people (email) where subject = '';
create unique index people_subject on people (subject) where subject <> '';

create table grants (
    person     text    not null references people (id),
    role       text    not null check (role in ('merchant-admin', 'accountant', 'super-admin')),
    store      text    not null default '', -- empty: the whole installation
    granted_by text    not null,
    granted_at integer not null,
    primary key (person, role, store),
    check ((role = 'super-admin') = (store = ''))
) strict;

create table invitations (
    token_hash text    not null primary key, -- the token itself is only in the link
    email      text    not null collate nocase,
    name       text    not null,
    grants     text    not null,             -- JSON
    invited_by text    not null,
    by_name    text    not null,
    person     text    not null default '',  -- set: about this person instead of a new one
    needs_second integer not null default 0, -- another super admin has to confirm it
    confirmed_by text  not null default '',
    confirmed_at integer not null default 0,
    created_at integer not null,
    expires_at integer not null,
    used_at    integer not null default 0,
    revoked_at integer not null default 0
) strict;

create table sessions (
    token  text    not null primary key, -- hashed
    data   blob    not null,
    expiry integer not null
) strict;
create index sessions_expiry on sessions (expiry);

create table logins (
    id         text    not null primary key,
    person     text    not null references people (id),
    agent      text    not null,
    address    text    not null,
    created_at integer not null,
    seen_at    integer not null,
    expires_at integer not null,
    revoked_at integer not null default 0
) strict;
create index logins_person on logins (person, created_at);

-- Failed sign-ins, by account and address together and by address alone.
create table throttles (
    name     text    not null primary key,
    failures integer not null,
    until    integer not null,
    last_at  integer not null
) strict;

-- A confirmation that was asked for: bound to a person and to what was shown, good for one use.
create table challenges (
    id          text    not null primary key,
    person      text    not null references people (id),
    purpose     text    not null,
    subject     text    not null,
    digest      text    not null,
    means       text    not null default '',
    asked_at    integer not null,
    verified_at integer not null default 0,
    used_at     integer not null default 0,
    tries       integer not null default 0
) strict;
create index challenges_asked on challenges (asked_at);

create table stores (
    id         text    not null primary key,
    name       text    not null,
    zone       text    not null,
    created_at integer not null
) strict;

create table accounts (
    id         text    not null primary key,
    store      text    not null references stores (id),
    provider   text    not null,
    label      text    not null,
    live       integer not null check (live in (0, 1)),
    address    text    not null,          -- name of the provider's address
    token      text    not null unique,   -- of the webhook address
    version    integer not null,          -- of the credentials in use
    frozen_at  integer not null default 0,
    frozen_by  text    not null default '',
    frozen_why text    not null default '',
    checked_at integer not null default 0,
    check_err  text    not null default '',
    good_at    integer not null default 0,
    hook_at    integer not null default 0,
    created_at integer not null,
    created_by text    not null
) strict;
create index accounts_store on accounts (store);

-- What an administrator entered, one row a setting and version. Everything is sealed, also what is no secret.
create table credentials (
    account     text    not null references accounts (id),
    version     integer not null,
    name        text    not null,
    sealed      blob    not null,
    secret      integer not null check (secret in (0, 1)),
    fingerprint text    not null,
    set_at      integer not null,
    set_by      text    not null,
    primary key (account, version, name)
) strict;

create table balances (
    account  text    not null references accounts (id),
    currency text    not null,
    minor    integer not null,
    at       integer not null,
    primary key (account, currency)
) strict;

create table payouts (
    seq          integer primary key,
    id           text    not null unique,
    store        text    not null references stores (id),
    account      text    not null default '',
    provider     text    not null default '',
    live         integer not null default 0 check (live in (0, 1)),
    state        text    not null check (state in ('draft', 'submitted', 'approved', 'sending', 'accepted', 'unknown',
                     'not_sent', 'refused', 'not_executed', 'paid', 'failed', 'cancelled', 'returned', 'rejected',
                     'withdrawn', 'discarded')),
    version      integer not null,
    input        text    not null, -- JSON, as typed
    content      text    not null, -- JSON, as checked
    method       text    not null default '',
    currency     text    not null default '',
    minor        integer not null default 0,
    fee_currency text    not null default '',
    fee_minor    integer not null default 0,
    recipient    text    not null default '',
    number       text    not null default '', -- account or wallet number
    recipient_key text   not null default '', -- equal for payouts to the same account
    author       text    not null,
    editors      text    not null, -- JSON
    snapshot     blob,
    digest       text    not null default '',
    decisions    integer not null default 0,
    one_person   integer not null default 0 check (one_person in (0, 1)),
    review       text    not null default '', -- JSON
    reason       text    not null default '',
    follows      text    not null default '',
    conflicts    integer not null default 0, -- open ones
    reference    text    not null default '', -- of the latest attempt
    remote_id    text    not null default '', -- of the latest attempt
    created_at   integer not null,
    updated_at   integer not null,
    submitted_at integer not null default 0,
    expires_at   integer not null default 0,
    ended_at     integer not null default 0,
    due_at       integer not null default 0,
    looks        integer not null default 0
) strict;
create index payouts_created on payouts (created_at, id);
create index payouts_store on payouts (store, created_at, id);
create index payouts_state on payouts (state, created_at, id);
create index payouts_due on payouts (due_at) where due_at > 0;
create index payouts_recipient on payouts (recipient_key, created_at) where recipient_key <> '';
create index payouts_name on payouts (store, recipient, created_at) where recipient <> '';
create index payouts_author on payouts (author, created_at);
create index payouts_amount on payouts (currency, minor, created_at);
create index payouts_follows on payouts (follows) where follows <> '';
create index payouts_method on payouts (store, method);
-- Everything that totals add up, so that they need not read the rows.
create index payouts_totals on payouts (currency, live, state, store, created_at, minor, fee_currency, fee_minor);

-- Words of a payout for the search box; rowid is payouts.seq.
create virtual table payout_words using fts5 (words, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3 4');

create table approvals (
    payout    text    not null references payouts (id),
    person    text    not null,
    name      text    not null,
    digest    text    not null,
    challenge text    not null unique,
    means     text    not null,
    at        integer not null,
    void_at   integer not null default 0
) strict;
create index approvals_payout on approvals (payout);

create table attempts (
    payout     text    not null references payouts (id),
    no         integer not null,
    account    text    not null,
    decision   integer not null,
    reference  text    not null,
    remote_id  text    not null default '',
    kept       blob,             -- sealed
    epoch      integer not null,
    outcome    text    not null default '',
    started_at integer not null,
    ended_at   integer not null default 0,
    primary key (payout, no),
    unique (payout, decision)    -- one decision, one send
) strict;
create index attempts_reference on attempts (account, reference);
create index attempts_remote on attempts (account, remote_id) where remote_id <> '';

create table conflicts (
    payout    text    not null references payouts (id),
    no        integer not null,
    source    text    not null,
    code      text    not null,
    expected  text    not null,
    got       text    not null,
    hook      text    not null default '',
    at        integer not null,
    closed_at integer not null default 0,
    closed_by text    not null default '',
    primary key (payout, no)
) strict;

create table exchanges (
    id      text    not null primary key,
    account text    not null,
    payout  text    not null default '',
    attempt integer not null default 0,
    purpose text    not null,
    at      integer not null,
    took    integer not null, -- milliseconds
    method  text    not null,
    url     text    not null,
    status  integer not null,
    request text    not null, -- secrets masked
    answer  text    not null,
    written integer not null check (written in (0, 1)),
    err     text    not null
) strict;
create index exchanges_payout on exchanges (payout, at) where payout <> '';
create index exchanges_account on exchanges (account, at);

create table hooks (
    seq          integer primary key,
    id           text    not null unique,
    account      text    not null default '', -- empty: no account has this address
    store        text    not null default '',
    provider     text    not null default '',
    token        text    not null,
    address      text    not null, -- who posted it
    received_at  integer not null,
    header       text    not null, -- JSON
    body         blob    not null,
    size         integer not null, -- of the whole body
    digest       text    not null, -- SHA-256 of the whole body, hex
    verdict      text    not null,
    code         text    not null default '', -- why, where the verdict needs a reason
    steps        text    not null default '', -- JSON
    event        text    not null default '',
    result       text    not null default '', -- JSON, what it says
    payout       text    not null default '',
    from_state   text    not null default '',
    to_state     text    not null default '',
    duplicate_of text    not null default '',
    reply        integer not null default 0,
    tries        integer not null default 0,
    due_at       integer not null default 0,
    done_at      integer not null default 0
) strict;
create index hooks_received on hooks (received_at, id);
create index hooks_store on hooks (store, received_at, id);
create index hooks_verdict on hooks (verdict, received_at, id);
create index hooks_payout on hooks (payout, received_at) where payout <> '';
create index hooks_digest on hooks (account, digest);
create index hooks_due on hooks (due_at) where due_at > 0;
create index hooks_address on hooks (address, received_at);

-- Forged messages beyond what is kept, counted by address and hour.
create table hook_floods (
    address text    not null,
    hour    integer not null,
    count   integer not null,
    primary key (address, hour)
) strict;

create table audit (
    seq        integer primary key,
    at         integer not null,
    actor      text    not null,
    actor_name text    not null,
    store      text    not null,
    action     text    not null,
    subject    text    not null,
    details    text    not null,
    prev       blob    not null,
    mac        blob    not null
) strict;
create index audit_subject on audit (subject, seq);
create index audit_store on audit (store, seq);

-- +goose StatementBegin
create trigger audit_no_update before update on audit begin
    select raise(abort, 'audit rows are never changed');
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger audit_no_delete before delete on audit begin
    select raise(abort, 'audit rows are never deleted');
end;
-- +goose StatementEnd
-- +goose StatementBegin
create trigger hooks_no_delete before delete on hooks begin
    select raise(abort, 'webhooks are never deleted');
end;
-- +goose StatementEnd

-- Who may send. The epoch goes up with every new holder and is checked in each claim.
create table sender (
    id       integer not null primary key check (id = 1),
    holder   text    not null,
    epoch    integer not null,
    taken_at integer not null
) strict;
insert into sender (id, holder, epoch, taken_at) values (1, '', 0, 0);
