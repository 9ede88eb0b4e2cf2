package providertest

import "testing"

func checkDefinition(*testing.T, Case) {}
func checkFields(*testing.T, Case)     {}
func checkEnds(*testing.T, Case)       {}
func checkFaults(*testing.T, Case)     {}
func checkOneRequest(*testing.T, Case) {}
func checkStatuses(*testing.T, Case)   {}
func checkWebhooks(*testing.T, Case)   {}
func checkAmounts(*testing.T, Case)    {}
func checkSecrets(*testing.T, Case)    {}
