package link

import (
	"context"
	"net/url"
)

// Login is the sign-in page.
func Login(ctx context.Context) string { return to(ctx, "login") }

// Logout is where the sign-out button leads.
func Logout(ctx context.Context) string { return to(ctx, "logout") }

// Setup is the first run.
func Setup(ctx context.Context) string { return to(ctx, "setup") }

// Invite is where an invited person sets up their sign-in.
func Invite(ctx context.Context, token string) string { return to(ctx, "invite", token) }

// Display is where language and theme are chosen.
func Display(ctx context.Context) string { return to(ctx, "display") }

// Me is a person's own page.
func Me(ctx context.Context) string { return to(ctx, "me") }

// MePassword is where a password is changed.
func MePassword(ctx context.Context) string { return to(ctx, "me", "password") }

// MeTOTP is where an authenticator app is set up.
func MeTOTP(ctx context.Context) string { return to(ctx, "me", "totp") }

// MeTOTPRemove is where an authenticator app is taken away.
func MeTOTPRemove(ctx context.Context) string { return to(ctx, "me", "totp", "remove") }

// MePasskeyNew is where the making of a passkey begins.
func MePasskeyNew(ctx context.Context) string { return to(ctx, "me", "passkeys", "new") }

// MePasskeyMake is where the browser makes it; challenge names what was asked.
func MePasskeyMake(ctx context.Context, challenge string) string {
	return with(to(ctx, "me", "passkeys", "make"), url.Values{"c": {challenge}})
}

// MePasskeys is where a new passkey is kept.
func MePasskeys(ctx context.Context) string { return to(ctx, "me", "passkeys") }

// MePasskey is where a passkey is taken away.
func MePasskey(ctx context.Context, id string) string { return to(ctx, "me", "passkeys", id) }

// MeRecovery is where recovery codes are made.
func MeRecovery(ctx context.Context) string { return to(ctx, "me", "recovery") }

// MeSessions is where a person ends sessions on other devices.
func MeSessions(ctx context.Context) string { return to(ctx, "me", "sessions") }

// MeSession is one session.
func MeSession(ctx context.Context, id string) string { return to(ctx, "me", "sessions", id) }

// LoginNext is the sign-in page that afterwards leads to next, a path of this console.
func LoginNext(ctx context.Context, next string) string {
	return with(Login(ctx), url.Values{"next": {next}})
}

// PersonRoles is where a person is offered a role.
func PersonRoles(ctx context.Context, id string) string { return to(ctx, "people", id, "roles") }

// PersonRolesTake is where a role is taken away.
func PersonRolesTake(ctx context.Context, id string) string {
	return to(ctx, "people", id, "roles", "take")
}

// PersonPassword is where a link for a new password is made.
func PersonPassword(ctx context.Context, id string) string { return to(ctx, "people", id, "password") }

// Invitation is one open invitation, by its hash.
func Invitation(ctx context.Context, hash string) string {
	return to(ctx, "invitations", hash)
}

// InvitationConfirm is where another super admin agrees.
func InvitationConfirm(ctx context.Context, hash string) string {
	return to(ctx, "invitations", hash, "confirm")
}

// InvitationRevoke is where an invitation is taken back.
func InvitationRevoke(ctx context.Context, hash string) string {
	return to(ctx, "invitations", hash, "revoke")
}
