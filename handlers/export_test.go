package handlers

import "github.com/paywicket/paywicket/web/access"

// RouteLine is one line of the route table, for tests from outside.
type RouteLine struct {
	Pattern    string
	Permission access.Permission
}

// RouteTable is the whole table.
func RouteTable() []RouteLine {
	var all []RouteLine
	for _, rt := range (&Handlers{}).routes() {
		all = append(all, RouteLine{rt.pattern, rt.permission})
	}
	return all
}
