package file

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"fairlead.dev/internal/model"
)

// heldProblem tells that a file's last good version is served.
func (l *Loader) heldProblem(m *manifest) model.Problem {
	n := len(l.served.services[m.path])
	return model.Problem{
		Severity: model.Warning, Reason: "LastGoodVersion", File: m.path,
		Message: fmt.Sprintf("the file has errors, so that its last good version stays in effect: %s served as before", count(n, "service is", "services are")),
		Hint:    "mend the errors, and it is read again",
	}
}

// fresh are the problems that did not stand before.
func (l *Loader) fresh(problems []model.Problem) []model.Problem {
	now := make(map[model.Problem]bool, len(problems))
	var fresh []model.Problem
	for _, p := range problems {
		if !l.served.problems[p] && !now[p] {
			fresh = append(fresh, p)
		}
		now[p] = true
	}
	l.served.problems = now
	return fresh
}

// mended are the paths that had Errors when the problems were those of before,
// have none now, and are still there.
func (l *Loader) mended(before map[model.Problem]bool, found scanned) []string {
	broken := make(map[string]bool)
	for p := range l.served.problems {
		broken[p.File] = broken[p.File] || p.Severity == model.Error
	}
	var paths []string
	for p := range before {
		there := l.files[p.File] != nil || slices.Contains(found.named, p.File) || slices.Contains(found.folders, p.File)
		if p.Severity == model.Error && !broken[p.File] && there {
			paths = append(paths, p.File)
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

// nothingIn tells about the paths named in which there is nothing to serve.
func nothingIn(found scanned, t *trial) []model.Problem {
	full := maps.Clone(found.shared)
	roots := make(map[string]string, len(found.files))
	for _, c := range found.files {
		roots[c.path] = c.root
	}
	for _, s := range t.sources {
		full[roots[s.file.path]] = true
	}
	for _, path := range t.shelves {
		full[roots[path]] = true
	}
	for _, p := range t.problems {
		if p.Severity != model.Info { // it says what is wrong
			full[roots[p.File]] = true
		}
	}
	var out []model.Problem
	for _, p := range found.named {
		if full[p] {
			continue
		}
		out = append(out, model.Problem{
			Severity: model.Warning, Reason: "NothingHere", File: p, Message: "there is nothing to serve in " + p,
			Hint: "write a Service, an EndpointSlice or an ExternalService there, or name another path",
		})
	}
	return out
}

// skippedProblem names the kinds that are skipped, in one line.
func skippedProblem(skipped map[string]int) []model.Problem {
	if len(skipped) == 0 {
		return nil
	}
	total := 0
	words := make([]string, 0, len(skipped))
	for _, kind := range slices.Sorted(maps.Keys(skipped)) {
		total += skipped[kind]
		words = append(words, fmt.Sprintf("%d %s", skipped[kind], kind))
	}
	return []model.Problem{{
		Severity: model.Info, Reason: "KindsSkipped",
		Message: fmt.Sprintf("%s not for Fairlead and skipped: %s", count(total, "object is", "objects are"), strings.Join(words, ", ")),
	}}
}

// inOrder sorts problems: Errors first, then Warnings; those of one severity by
// file, in the order in which files are read, and by line.
func inOrder(problems []model.Problem, found scanned) {
	rank := make(map[string]int, len(found.files))
	for i, c := range found.files {
		rank[c.path] = i + 1
	}
	slices.SortStableFunc(problems, func(a, b model.Problem) int {
		return cmp.Or(cmp.Compare(severity(a), severity(b)), cmp.Compare(rank[a.File], rank[b.File]), cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Field, b.Field), cmp.Compare(a.Message, b.Message))
	})
}

func severity(p model.Problem) int {
	switch p.Severity {
	case model.Error:
		return 0
	case model.Warning:
		return 1
	default:
		return 2
	}
}
