// Command image makes the container image of Fairlead from its sources. It needs
// Go and no container engine: the image is one static program and two small files,
// and the same sources make the same image, to the byte, wherever they are built.
//
// It is a module of its own, since nothing of it belongs in the product's go.mod.
// It signs nothing.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// options are the command line.
type options struct {
	platforms []string
	tag       string
	version   string
	tarball   string
	layout    string
	push      string
}

// run returns the exit code: 0, 1 if something failed, 2 if the command line is
// wrong.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintf(stderr, "image: %v\n", err)
		return 2
	}
	if err := makeImage(ctx, o, stdout); err != nil {
		fmt.Fprintf(stderr, "image: %v\n", err)
		return 1
	}
	return 0
}

func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	var platforms string
	f := flag.NewFlagSet("image", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&platforms, "platform", "linux/amd64,linux/arm64", "comma-separated `list` of what to build for")
	f.StringVar(&o.tag, "tag", "", "the image's `name:tag`, what the chart asks for if not set")
	f.StringVar(&o.version, "version", "", "the program's `version`, that of git if not set")
	f.StringVar(&o.tarball, "o", "", "`file` for an archive of one platform, this machine's if it is among them, as docker load, ctr images import and kind take it")
	f.StringVar(&o.layout, "layout", "", "`folder` for an OCI layout of all platforms; what it holds of an earlier one is replaced")
	f.StringVar(&o.push, "push", "", "push all platforms to this `registry/name:tag`, with the credentials of docker login")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q: say what to make by flags (-help lists them)", f.Arg(0))
	}
	if o.tarball == "" && o.layout == "" && o.push == "" {
		return o, errors.New("nothing to make: give -o FILE, -layout FOLDER or -push NAME, or several of them")
	}
	for p := range strings.SplitSeq(platforms, ",") {
		o.platforms = append(o.platforms, strings.TrimSpace(p))
	}
	return o, nil
}

// makeImage builds, and puts the image where it is wanted.
func makeImage(ctx context.Context, o options, stdout io.Writer) error {
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	src, err := findSource(ctx, dir)
	if err != nil {
		return err
	}
	if o.version != "" {
		src.version = o.version
	}
	if o.tag == "" {
		if o.tag, err = chartImage(src.dir); err != nil {
			return err
		}
	}
	tmp, err := os.MkdirTemp("", "fairlead-image-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)

	var all []built
	for _, platform := range o.platforms {
		p, err := parsePlatform(platform)
		if err != nil {
			return err
		}
		program := filepath.Join(tmp, strings.ReplaceAll(platform, "/", "-"))
		if err := src.build(ctx, p, program); err != nil {
			return err
		}
		img, err := newImage(src, p, program)
		if err != nil {
			return fmt.Errorf("make the image for %s: %w", platform, err)
		}
		all = append(all, built{platform: p, image: img})
	}
	return publish(ctx, o, all, stdout)
}
