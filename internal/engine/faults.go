package engine

import (
	"maps"

	"fairlead.dev/internal/model"
)

// faults are what the edges could not carry out.
type faults struct {
	// sink are those that the sink returned last, reported those that an edge
	// told later.
	sink, reported map[model.Key]model.Fault
}

// set replaces those of the sink, and returns the services whose own differ now.
func (f *faults) set(all []model.Fault) map[model.Key]model.Fault {
	if len(all)+len(f.sink) == 0 {
		return nil
	}
	differ := f.sink
	f.sink = make(map[model.Key]model.Fault, len(all))
	for _, fault := range all {
		f.sink[fault.Key] = fault
	}
	if differ == nil {
		return f.sink
	}
	before := maps.Clone(differ)
	maps.Copy(differ, f.sink)
	maps.DeleteFunc(differ, func(key model.Key, _ model.Fault) bool { return before[key] == f.sink[key] })
	return differ
}

// report sets that of one service, and says whether it differs now.
func (f *faults) report(key model.Key, fault *model.Fault) bool {
	before, had := f.reported[key]
	if fault == nil {
		delete(f.reported, key)
		return had
	}
	now := *fault
	now.Key = key
	f.reported[key] = now
	return !had || before != now
}

// of returns the fault of a service that matters most, and whether it has any.
func (f *faults) of(key model.Key) (model.Fault, bool) {
	told, ok := f.reported[key]
	if sunk, also := f.sink[key]; also && (!ok || weight(sunk) > weight(told)) {
		return sunk, true
	}
	return told, ok
}

// weight is greater for a fault that leaves less of the service.
func weight(f model.Fault) int {
	switch {
	case f.Claimed:
		return 2
	case f.Partial:
		return 0
	}
	return 1
}
