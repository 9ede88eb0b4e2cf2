// Package providers is the contract between Paywicket and a payout company.
//
// A company is a [Definition]: its settings, its constructors and nothing global. What it needs to be told about a
// payout is data ([Field]); forms, checks, snapshots and file columns are made from that data, so a new company
// touches its own folder and one line of the list of companies.
//
// The package and its sub-packages are promised to stay compatible.
package providers
