package file

import (
	"crypto/sha256"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"fairlead.dev/internal/model"
)

// refresh makes the current versions those on disk. It reports whether any is
// new.
func (l *Loader) refresh(found scanned) bool {
	news := !l.loaded || !slices.Equal(found.problems, l.scanProblems)
	l.loaded, l.scanProblems = true, found.problems
	seen := make(map[string]bool, len(found.files))
	var stale []*manifest
	for _, c := range found.files {
		seen[c.path] = true
		m := l.files[c.path]
		if m == nil {
			m = &manifest{path: c.path}
			l.files[c.path] = m
		}
		if m.same(c.info) {
			continue
		}
		m.info, m.sure = c.info, time.Since(c.info.ModTime()) > settled
		stale = append(stale, m)
	}
	for path := range l.files {
		if !seen[path] && !below(found.unread, path) {
			delete(l.files, path)
			news = true
		}
	}
	return l.read(stale) || news
}

// below reports whether a path is in one of the folders.
func below(folders []string, path string) bool {
	return slices.ContainsFunc(folders, func(f string) bool { return strings.HasPrefix(path, f+"/") })
}

// read reads files and parses those of their documents that are new. It reports
// whether any file has another content.
func (l *Loader) read(files []*manifest) bool {
	texts := make([]*content, len(files))
	each(len(files), func(i int) { texts[i] = open(files[i].path) })

	var fresh []*document
	news := false
	for i, m := range files {
		t := texts[i]
		if m.current != nil && m.current.sum == t.sum {
			continue
		}
		v := &version{sum: t.sum, problems: t.problems, empty: t.empty, docs: make([]placed, len(t.chunks))}
		for j, c := range t.chunks {
			d := l.documents[t.sums[j]]
			if d == nil {
				d = &document{text: c.text}
				l.documents[t.sums[j]] = d
				fresh = append(fresh, d)
			}
			v.docs[j] = placed{document: d, line: c.line}
		}
		m.current = v
		news = true
	}
	each(len(fresh), func(i int) { fresh[i].parse() })
	return news
}

// forget drops the documents that no version has.
func (l *Loader) forget() {
	kept := make(map[digest]*document, len(l.documents))
	used := make(map[*document]bool, len(l.documents))
	for _, m := range l.files {
		for _, v := range []*version{m.current, m.served} {
			if v == nil {
				continue
			}
			for _, d := range v.docs {
				used[d.document] = true
			}
		}
	}
	for sum, d := range l.documents {
		if used[d] {
			kept[sum] = d
		}
	}
	l.documents = kept
}

// content is a file cut into documents.
type content struct {
	sum      digest
	chunks   []chunk
	sums     []digest
	problems []model.Problem
	empty    bool
}

func open(path string) *content {
	data, problem := readFile(path)
	if problem != nil {
		// The sum stands for the problem: the same one is no new version.
		return &content{sum: sha256.Sum256([]byte("\x00" + problem.Message)), problems: []model.Problem{*problem}}
	}
	c := &content{sum: digestOf(data), chunks: split(data), empty: len(data) == 0}
	c.sums = make([]digest, len(c.chunks))
	for i, ch := range c.chunks {
		c.sums[i] = digestOf(ch.text)
	}
	return c
}

// each calls f for 0 to n-1 on all processors, and returns when all is done.
func each(n int, f func(int)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	wg.Wait()
}
