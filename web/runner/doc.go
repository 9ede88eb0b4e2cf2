// Package runner is the only thing that sends. It claims an approved payout in one durable commit, makes one request,
// records what came of it, and looks unfinished payouts up until they reach an end. It also asks providers about webhooks
// that have to be confirmed. It is not promised to stay compatible.
package runner
