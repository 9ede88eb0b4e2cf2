package link

import (
	"context"
	"net/url"
)

// Webhooks is the inbox.
func Webhooks(ctx context.Context) string { return to(ctx, "webhooks") }

// Webhook is one message.
func Webhook(ctx context.Context, id string) string { return to(ctx, "webhooks", id) }

// WebhookOlder is where one message is held against older secrets.
func WebhookOlder(ctx context.Context, id string) string { return to(ctx, "webhooks", id, "older") }

// Replay is where kept messages are judged anew.
func Replay(ctx context.Context) string { return to(ctx, "webhooks", "replay") }

// ReplayQuery is the preview of what a filter finds.
func ReplayQuery(ctx context.Context, query url.Values) string { return with(Replay(ctx), query) }

// ReplayOne is the preview of one message.
func ReplayOne(ctx context.Context, id string) string {
	return ReplayQuery(ctx, url.Values{"hook": {id}})
}

// People is everyone who may sign in.
func People(ctx context.Context) string { return to(ctx, "people") }

// NewPerson is where somebody is invited.
func NewPerson(ctx context.Context) string { return to(ctx, "people", "new") }

// Person is one person.
func Person(ctx context.Context, id string) string { return to(ctx, "people", id) }

// PersonDisable is where a person is disabled.
func PersonDisable(ctx context.Context, id string) string { return to(ctx, "people", id, "disable") }

// Audit is the log of changes.
func Audit(ctx context.Context) string { return to(ctx, "audit") }

// Settings is what holds for the installation.
func Settings(ctx context.Context) string { return to(ctx, "settings") }

// SettingsWebhooks is where it is set for how long webhooks are kept whole.
func SettingsWebhooks(ctx context.Context) string { return to(ctx, "settings", "webhooks") }

// Hook is where a provider posts its webhooks.
func Hook(ctx context.Context, token string) string { return to(ctx, "hooks", token) }

// WebhooksQuery is the inbox with a filter.
func WebhooksQuery(ctx context.Context, query url.Values) string { return with(Webhooks(ctx), query) }

// AuditExport is the log as a file, with the same query.
func AuditExport(ctx context.Context, query url.Values) string {
	return with(to(ctx, "audit.jsonl"), query)
}

// AuditQuery is the log with a filter.
func AuditQuery(ctx context.Context, query url.Values) string { return with(Audit(ctx), query) }

// HookAbsolute is the address a provider is told.
func HookAbsolute(ctx context.Context, token string) string { return Absolute(ctx, Hook(ctx, token)) }

// InviteAbsolute is the address an invited person is told.
func InviteAbsolute(ctx context.Context, token string) string {
	return Absolute(ctx, Invite(ctx, token))
}

// Freeze is where sending is stopped and let go on.
func Freeze(ctx context.Context) string { return to(ctx, "freeze") }

// FreezeConfirm is where that is confirmed.
func FreezeConfirm(ctx context.Context) string { return to(ctx, "freeze", "confirm") }

// FreezeAsked is the page that asks to confirm it; challenge names what was asked.
func FreezeAsked(ctx context.Context, challenge string) string {
	return with(FreezeConfirm(ctx), url.Values{"c": {challenge}})
}
