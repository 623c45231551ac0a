package dash

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// chrome is a headless Chromium that a test drives through the DevTools
// protocol on a pair of pipes.
type chrome struct {
	t   *testing.T
	in  *os.File
	tab string // session

	mu      sync.Mutex
	next    int
	replies map[int]chan reply
	console []string
}

type reply struct {
	Result json.RawMessage `json:"result"`
	Error  *struct{ Message string }
}

// browse opens a page of the given width, or skips the test where there is no
// Chromium.
func browse(t *testing.T, url string, width int) *chrome {
	t.Helper()
	bin, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed; the page is not tested in a browser")
	}
	toChrome, in, err := os.Pipe()
	must(t, err)
	out, fromChrome, err := os.Pipe()
	must(t, err)
	// Not t.TempDir: it fails the test if a late process of Chromium's writes there.
	dir, err := os.MkdirTemp("", "fairlead-chromium-")
	must(t, err)
	cmd := exec.Command(bin, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
		"--disable-dev-shm-usage", "--remote-debugging-pipe", "--user-data-dir="+dir, "about:blank")
	cmd.ExtraFiles = []*os.File{toChrome, fromChrome}
	must(t, cmd.Start())
	toChrome.Close()
	fromChrome.Close()
	c := &chrome{t: t, in: in, replies: map[int]chan reply{}}
	read := make(chan struct{})
	go func() { defer close(read); c.read(out) }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // in case that it did not close
		_ = cmd.Wait()
		in.Close()
		out.Close()
		<-read
		_ = os.RemoveAll(dir)
	})
	t.Cleanup(func() {
		c.call("", "Browser.close", nil)
		<-read // it ends with the pipe
	})

	var target struct{ TargetID string }
	c.result("", "Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var session struct{ SessionID string }
	c.result("", "Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &session)
	c.tab = session.SessionID
	for _, domain := range []string{"Runtime", "Log", "Page"} {
		c.call(c.tab, domain+".enable", nil)
	}
	c.call(c.tab, "Emulation.setDeviceMetricsOverride",
		map[string]any{"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false})
	c.call(c.tab, "Page.navigate", map[string]any{"url": url})
	return c
}

// read hands replies to those who wait for them, and keeps what the console says.
func (c *chrome) read(out *os.File) {
	r := bufio.NewReader(out)
	for {
		b, err := r.ReadBytes(0)
		if err != nil {
			return
		}
		var m struct {
			reply
			ID     int
			Method string
			Params json.RawMessage
		}
		if json.Unmarshal(bytes.TrimSuffix(b, []byte{0}), &m) != nil {
			continue
		}
		c.mu.Lock()
		switch m.Method {
		case "Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled":
			c.console = append(c.console, string(m.Params))
		case "":
			if ch := c.replies[m.ID]; ch != nil {
				delete(c.replies, m.ID)
				ch <- m.reply
			}
		}
		c.mu.Unlock()
	}
}

func (c *chrome) call(session, method string, params any) reply {
	c.t.Helper()
	ch := make(chan reply, 1)
	c.mu.Lock()
	c.next++
	id := c.next
	c.replies[id] = ch
	c.mu.Unlock()
	msg := map[string]any{"id": id, "method": method}
	if params != nil {
		msg["params"] = params
	}
	if session != "" {
		msg["sessionId"] = session
	}
	b, err := json.Marshal(msg)
	must(c.t, err)
	_, err = c.in.Write(append(b, 0))
	must(c.t, err)
	select {
	case r := <-ch:
		return r
	case <-time.After(time.Minute):
		c.t.Fatalf("chromium does not answer %s", method)
		return reply{}
	}
}

func (c *chrome) result(session, method string, params, to any) {
	c.t.Helper()
	r := c.call(session, method, params)
	if r.Error != nil {
		c.t.Fatalf("%s: %s", method, r.Error.Message)
	}
	must(c.t, json.Unmarshal(r.Result, to))
}

// eval returns the value of a JavaScript expression as text.
func (c *chrome) eval(expression string) string {
	c.t.Helper()
	var v struct {
		Result           struct{ Value any }
		ExceptionDetails json.RawMessage
	}
	c.result(c.tab, "Runtime.evaluate", map[string]any{
		"expression": expression, "returnByValue": true, "awaitPromise": true, "userGesture": true,
	}, &v)
	if v.ExceptionDetails != nil {
		c.t.Fatalf("%s: %s", expression, v.ExceptionDetails)
	}
	return fmt.Sprint(v.Result.Value)
}

// await waits until a JavaScript expression is true.
func (c *chrome) await(expression string) {
	c.t.Helper()
	// The page's own animation frames pace the question.
	got := c.eval(`new Promise((done) => {
		const end = Date.now() + 30000;
		const look = () => (` + expression + `) ? done("yes") : Date.now() > end ? done(document.body.innerText) : requestAnimationFrame(look);
		look();
	})`)
	if got != "yes" {
		c.t.Fatalf("the page never came to %s; it shows:\n%s", expression, got)
	}
}

// quiet fails the test if the console has said anything.
func (c *chrome) quiet() {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.console) > 0 {
		c.t.Errorf("the browser's console says:\n%s", strings.Join(c.console, "\n"))
	}
}

// shoot writes a screenshot of the whole page to FAIRLEAD_SHOTS, if set, for
// people to look at.
func (c *chrome) shoot(name string) {
	c.t.Helper()
	dir := os.Getenv("FAIRLEAD_SHOTS")
	if dir == "" {
		return
	}
	var shot struct{ Data string }
	c.result(c.tab, "Page.captureScreenshot", map[string]any{"captureBeyondViewport": true}, &shot)
	b, err := base64.StdEncoding.DecodeString(shot.Data)
	must(c.t, err)
	must(c.t, os.WriteFile(dir+"/"+name+".png", b, 0o644))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
