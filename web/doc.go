// Package web is Paywicket as a host program imports it: [New] opens the database and gives an [App], which is an
// http.Handler; [App.Run] sends, looks up and keeps house in the background.
//
// The packages below it are the application itself. Of these only [access.Identity], [vault.KeySource] and
// [payout.Service] are promised to stay compatible, as are package providers and its sub-packages.
package web
