// Package histories holds simulated histories of the core, the runner and the inbox: one seed is one history of people,
// faults, restarts and webhooks, and an independent checker compares our records with the bank's own book. It has tests only.
//
// Broken on purpose, 25 seeds each. Red: self-approval (6), unknown called refused (3), unknown called not sent (3), another
// amount accepted (12), webhook acked but not kept (11), unknown set back to approved (seen only as 17: left approved).
// Not seen yet: a reference used again, "sending" of a dead process called not sent. Not tried: the epoch unchecked.
package histories
