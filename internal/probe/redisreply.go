package probe

import (
	"bufio"
	"errors"
	"io"
	"strconv"
	"strings"
)

// The limits of a reply: octets of a string, elements in all, and how deep arrays
// nest. ROLE names every replica, in an array of its own each.
const (
	maxReplyText     = 4 << 10
	maxReplyElements = 4 << 10
	maxReplyDepth    = 4
)

var errReply = errors.New("not a reply of Redis")

// reply is one value of RESP2. text is that of a string (+ and $), an error (-) or
// a number (:), list that of an array (*). A null is empty.
type reply struct {
	kind byte
	text string
	list []reply
}

// at is an element's text, empty where there is none.
func (r reply) at(i int) string {
	if i >= len(r.list) {
		return ""
	}
	return r.list[i].text
}

func readReply(r *bufio.Reader) (reply, error) {
	left := maxReplyElements
	return readElement(r, maxReplyDepth, &left)
}

func readElement(r *bufio.Reader, depth int, left *int) (reply, error) {
	if *left--; *left < 0 || depth == 0 {
		return reply{}, errReply
	}
	line, err := readLine(r)
	if err != nil {
		return reply{}, err
	}
	v := reply{kind: line[0], text: line[1:]}
	switch v.kind {
	case '+', '-', ':':
		return v, nil
	case '$':
		n, err := length(v.text, maxReplyText)
		if err != nil || n < 0 {
			return reply{kind: v.kind}, err
		}
		b := make([]byte, n+2)
		if _, err := io.ReadFull(r, b); err != nil {
			return reply{}, err
		}
		if string(b[n:]) != "\r\n" {
			return reply{}, errReply
		}
		v.text = string(b[:n])
		return v, nil
	case '*':
		n, err := length(v.text, maxReplyElements)
		v.text = ""
		for ; err == nil && n > 0; n-- {
			var e reply
			e, err = readElement(r, depth-1, left)
			v.list = append(v.list, e)
		}
		return v, err
	}
	return reply{}, errReply
}

// readLine reads a line that begins with a kind. It is as long as the reader's buffer
// at most.
func readLine(r *bufio.Reader) (string, error) {
	kind, err := r.Peek(1)
	if err != nil {
		return "", err
	}
	if !strings.Contains("+-:$*", string(kind)) { // what means nothing need not end its lines
		return "", errReply
	}
	b, err := r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", errReply
	}
	if err != nil {
		return "", err
	}
	line, ok := strings.CutSuffix(string(b), "\r\n")
	if !ok {
		return "", errReply
	}
	return line, nil
}

// length is a length of limit at most; -1 is null.
func length(text string, limit int) (int, error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < -1 || n > limit {
		return 0, errReply
	}
	return n, nil
}
