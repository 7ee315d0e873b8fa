package exporters

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// Mode is how a [Collector] answers.
type Mode string

// The modes.
const (
	OK          Mode = "ok"     // 200, at once or after a delay
	Refuse      Mode = "refuse" // nobody listens, and open connections end
	Unavailable Mode = "503"    // to every request
	Hang        Mode = "hang"   // every request is read and never answered
)

// A Collector is a process of its own, so that what it takes is not counted as its client's: an HTTP server on this
// machine that takes any path. It ends when it is closed, or when the process that started it ends.
type Collector struct {
	Address string // host:port that takes spans

	control string
	client  *http.Client
	cmd     *exec.Cmd
	stdin   io.Closer
}

// Counts is what a [Collector] has seen since it was last set. Where it keeps nothing it knows requests and bytes alone.
type Counts struct {
	Requests int
	Bytes    int64  // of bodies, as they came
	Spans    int    // in them
	IDs      int    // different ones
	Most     int    // times that one of them came
	Sum      uint64 // of a hash of the id and the two texts of each span
}

// StartCollector starts one that answers [OK] and keeps nothing.
func StartCollector() (*Collector, error) {
	if os.Getenv(childEnv) != "" {
		return nil, errors.New("exporters: a collector starts no collector")
	}
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("exporters: %w", err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), childEnv+"=1")
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("exporters: %w", err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("exporters: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("exporters: starting the collector: %w", err)
	}
	c := &Collector{client: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, cmd: cmd, stdin: stdin}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	var ok bool
	if c.control, c.Address, ok = strings.Cut(strings.TrimSpace(line), " "); !ok {
		return nil, errors.Join(fmt.Errorf("exporters: the collector said %q: %w", line, err), c.Close())
	}
	return c, nil
}

// Set has the collector answer in this mode, after this delay, and begin to count anew. With keep it keeps the bodies, up
// to 96 MiB of them, and decodes them when it is asked for its counts.
func (c *Collector) Set(mode Mode, delay time.Duration, keep bool) error {
	form := url.Values{"mode": {string(mode)}, "delay": {strconv.FormatInt(int64(delay), 10)}, "keep": {strconv.FormatBool(keep)}}
	answer, err := c.client.PostForm("http://"+c.control+"/set", form)
	if err != nil {
		return fmt.Errorf("exporters: setting the collector: %w", err)
	}
	return done(answer, nil)
}

// Counts asks for what has come.
func (c *Collector) Counts() (Counts, error) {
	var counts Counts
	answer, err := c.client.Get("http://" + c.control + "/counts")
	if err != nil {
		return counts, fmt.Errorf("exporters: asking the collector: %w", err)
	}
	err = done(answer, &counts)
	return counts, err
}

// done reads an answer, into v if it is not nil.
func done(answer *http.Response, v any) error {
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(answer.Body)
		return fmt.Errorf("exporters: the collector: %s: %s", answer.Status, strings.TrimSpace(string(text)))
	}
	if v == nil {
		return nil
	}
	return json.NewDecoder(answer.Body).Decode(v)
}

// Close ends the process and waits for it.
func (c *Collector) Close() error {
	if err := c.stdin.Close(); err != nil {
		return fmt.Errorf("exporters: %w", err)
	}
	if err := c.cmd.Wait(); err != nil {
		return fmt.Errorf("exporters: the collector: %w", err)
	}
	return nil
}
