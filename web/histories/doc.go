// Package histories holds simulated histories of the core, the runner and the inbox: one seed is one history of people,
// faults, restarts and webhooks, and an independent checker compares our records with the bank's own book. It has tests only.
package histories
