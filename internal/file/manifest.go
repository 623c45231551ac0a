package file

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
	"unicode/utf8"

	"fairlead.dev/internal/model"
)

// maxSize is the largest file that is read.
const maxSize = 64 << 20

// settled is how old a file must be when it is read for its size and times to
// tell that it has not changed since. File systems count time in steps.
const settled = 2 * time.Second

// manifest is one file.
type manifest struct {
	path string
	info fs.FileInfo
	// sure is whether the file has not changed as long as info is the same.
	sure bool
	// current is what stands in the file, served what is served of it: another
	// version while current is broken, nil if nothing ever was.
	current, served *version
}

// version is one content of a file.
type version struct {
	sum  digest
	docs []placed
	// problems are those of the file as a whole.
	problems []model.Problem
	// empty is whether the file has no bytes at all.
	empty bool
	// clean is whether it had no Errors when it was first served.
	clean bool
	// errors are the Errors that it had then.
	errors map[complaint]bool
}

// placed is a document at its place in a file.
type placed struct {
	*document
	// line is the file's line of the document's first.
	line int
}

// fileLine turns a document's line into the file's.
func (p placed) fileLine(line int) int {
	last := bytes.Count(bytes.TrimRight(p.text, "\n"), []byte("\n")) + 1
	return p.line + min(max(line, 1), last) - 1
}

// same reports whether the file can be taken to be unchanged.
func (m *manifest) same(info fs.FileInfo) bool {
	return m.sure && m.info != nil && os.SameFile(m.info, info) &&
		m.info.Size() == info.Size() && m.info.ModTime().Equal(info.ModTime()) && m.info.Mode() == info.Mode()
}

// readFile reads a file that is a person's text. The problem says why it is
// not, in whose place nothing is read.
func readFile(path string) ([]byte, *model.Problem) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fileProblem(path, "FileUnreadable", "cannot read the file: "+plainError(err), "check its permissions")
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	switch {
	case err != nil:
		return nil, fileProblem(path, "FileUnreadable", "cannot read the file: "+plainError(err), "check the disk")
	case len(data) > maxSize:
		return nil, fileProblem(path, "FileTooLarge", fmt.Sprintf("the file is larger than %d MiB, the most that is read", maxSize>>20), "split it")
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return nil, fileProblem(path, "NotText", "the file is UTF-16", "save it as UTF-8")
	}
	if line := binaryLine(data); line > 0 {
		p := fileProblem(path, "NotText", "the file is not text: it has bytes that no UTF-8 text has", "save it as UTF-8, or move it elsewhere")
		p.Line = line
		return nil, p
	}
	return data, nil
}

// binaryLine is the line of the first byte that is no text, or 0.
func binaryLine(data []byte) int {
	bad := bytes.IndexByte(data, 0)
	if bad < 0 && utf8.Valid(data) {
		return 0
	}
	if bad < 0 {
		bad = len(data)
	}
	for i := 0; i < bad; {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n == 1 {
			bad = i
			break
		}
		i += n
	}
	return bytes.Count(data[:bad], []byte("\n")) + 1
}

func fileProblem(path, reason, message, hint string) *model.Problem {
	return &model.Problem{Severity: model.Error, Reason: reason, File: path, Message: message, Hint: hint}
}
