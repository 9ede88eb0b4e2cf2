-- +goose Up

-- What differs about a payout, for lists and exports that tell it of each.
create index month_exceptions_payout on month_exceptions (payout) where payout <> '';

-- The words that webhooks are found by, in the order of the alphabet: the beginning of a word leads to whole ones. It holds nothing of its own.
create virtual table hook_terms using fts5vocab(hook_words, instance);
