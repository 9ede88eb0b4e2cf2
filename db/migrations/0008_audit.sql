-- +goose Up

-- The log is also read by who did something, by when, and by what was done.
create index audit_actor on audit (actor, seq);
create index audit_at on audit (at);
