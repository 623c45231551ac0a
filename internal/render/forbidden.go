package render

import (
	"slices"

	"fairlead.dev/internal/model"
)

// publishable leaves out the addresses that cannot stand in an EndpointSlice,
// for the API server refuses a whole slice for one of them. A decision that
// forbids unroutable addresses has none, and says why: this is the last line.
func publishable(endpoints []model.Endpoint) []model.Endpoint {
	if !slices.ContainsFunc(endpoints, unpublishable) {
		return endpoints
	}
	return slices.DeleteFunc(slices.Clone(endpoints), unpublishable)
}

func unpublishable(e model.Endpoint) bool {
	a := e.Addr
	return !a.IsGlobalUnicast() || a.Is4In6() || a.Zone() != ""
}
