package file

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// AnnotateFile gives an object in a file annotations, as [Annotate] does, and returns
// its line. The file is replaced at once, with the mode that it has: whoever reads it
// sees the old text or the new one. One that is edited meanwhile is left alone.
func AnnotateFile(path string, o Object, want []Annotation) (int, error) {
	real, err := filepath.EvalSymlinks(path) // what a link leads to is written, the link stays
	if err != nil {
		return 0, fmt.Errorf("find the manifest: %w", err)
	}
	text, err := os.ReadFile(real)
	if err != nil {
		return 0, fmt.Errorf("read the manifest: %w", err)
	}
	edited, line, err := Annotate(text, o, want)
	switch {
	case errors.Is(err, ErrUnsafe):
		return line, fmt.Errorf("%s: %w; %s", fileLine(path, line), err, byHand(want))
	case err != nil:
		return line, fmt.Errorf("%s: %w", path, err)
	case bytes.Equal(edited, text):
		return line, nil
	}
	if err := replaceFile(real, text, edited); err != nil {
		return line, fmt.Errorf("write the manifest: %w; %s", err, byHand(want))
	}
	return line, nil
}

func fileLine(path string, line int) string {
	if line == 0 {
		return path
	}
	return fmt.Sprintf("%s:%d", path, line)
}

// byHand says what a person has to write.
func byHand(want []Annotation) string {
	var set, gone []string
	e := &editor{source: source{end: "\n"}}
	for _, a := range want {
		if a.Value == "" {
			gone = append(gone, a.Key)
		} else {
			set = append(set, "    "+a.Key+": "+e.quoted(a.Value))
		}
	}
	var all []string
	if len(set) > 0 {
		all = append(all, "write by hand:\nmetadata:\n  annotations:\n"+strings.Join(set, "\n"))
	}
	if len(gone) > 0 {
		all = append(all, "remove by hand the annotations "+strings.Join(gone, ", "))
	}
	return strings.Join(all, "\nand ")
}

// errEdited says that somebody else was faster.
var errEdited = errors.New("it was edited at the same moment: try again")

// replaceFile puts another text in the place of a file's, by way of a file beside it
// that no loader reads.
func replaceFile(path string, old, text []byte) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	dir, name := filepath.Split(path)
	f, err := os.CreateTemp(dir, "."+name+".*.tmp")
	if err != nil {
		return err
	}
	err = fill(f, text, info)
	if err == nil {
		var now []byte
		if now, err = os.ReadFile(path); err == nil && !bytes.Equal(now, old) {
			err = errEdited
		}
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// fill writes a file to the disk, with the mode and as far as that is permitted the
// owner of another one, and closes it.
func fill(f *os.File, text []byte, like fs.FileInfo) error {
	_, err := f.Write(text)
	if err == nil {
		err = f.Chmod(like.Mode().Perm())
	}
	if err == nil {
		keepOwner(f, like)
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
