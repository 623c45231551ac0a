package file

import (
	"bytes"
	"encoding/json"
	"io"
)

// chunk is the text of one document in a file.
type chunk struct {
	text []byte
	// line is the file's line that the chunk begins on, counting from 1.
	line int
	// at is where in the file it begins, in bytes.
	at int
}

// split cuts a file into its documents. A line that begins with --- begins a
// document, even inside a block scalar (YAML 1.2, 9.1.2). Chunks of blank
// lines, comments and directives belong to the document behind them.
func split(data []byte) []chunk {
	if chunks, ok := splitJSON(data); ok {
		return chunks
	}
	var chunks []chunk
	line, start, startLine := 1, 0, 1
	content := false
	for at := 0; at < len(data); {
		end := at + len(data[at:])
		if i := bytes.IndexByte(data[at:], '\n'); i >= 0 {
			end = at + i + 1
		}
		text := data[at:end]
		switch {
		case isMarker(text) && content:
			chunks = append(chunks, chunk{text: data[start:at], line: startLine, at: start})
			start, startLine = at, line
			content = hasContent(text[3:])
		case isMarker(text):
			content = hasContent(text[3:])
		case !content:
			content = hasContent(text) && text[0] != '%'
		}
		at = end
		line++
	}
	if content {
		chunks = append(chunks, chunk{text: data[start:], line: startLine, at: start})
	}
	return chunks
}

// isMarker reports whether a line begins a document.
func isMarker(line []byte) bool {
	rest, ok := bytes.CutPrefix(line, []byte("---"))
	return ok && (len(rest) == 0 || bytes.IndexByte([]byte(" \t\r\n"), rest[0]) >= 0)
}

// hasContent reports whether there is more in the line than blanks and a comment.
func hasContent(line []byte) bool {
	line = bytes.TrimLeft(line, " \t\r\n")
	return len(line) > 0 && line[0] != '#'
}

// splitJSON cuts a stream of JSON objects. It refuses anything else.
func splitJSON(data []byte) ([]chunk, bool) {
	if rest := bytes.TrimLeft(data, " \t\r\n"); len(rest) == 0 || rest[0] != '{' {
		return nil, false
	}
	var chunks []chunk
	d := json.NewDecoder(bytes.NewReader(data))
	line, counted := 1, 0
	for {
		var raw json.RawMessage
		switch err := d.Decode(&raw); {
		case err == io.EOF:
			return chunks, true
		case err != nil:
			return nil, false
		}
		end := int(d.InputOffset())
		start := end - len(raw)
		line += bytes.Count(data[counted:start], []byte("\n"))
		counted = start
		chunks = append(chunks, chunk{text: data[start:end], line: line, at: start})
	}
}
