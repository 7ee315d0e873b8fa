package stories

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tailrace-go/tailrace/span"
)

var now = time.Date(2027, 1, 2, 3, 4, 5, 678_000_000, time.UTC)

// spansOf returns the spans of a story, as a seed makes them.
func spansOf(s Story, seed uint64) []*span.Span {
	return s.Trace(now, rand.New(rand.NewPCG(seed, 0)))
}

// named returns the spans of that name, in order of time.
func named(spans []*span.Span, name string) []*span.Span {
	var found []*span.Span
	for _, s := range slices.Backward(spans) {
		if s.Name == name {
			found = append(found, s)
		}
	}
	return found
}

func TestThereAreTenStories(t *testing.T) {
	names := map[string]bool{}
	for _, s := range All() {
		names[s.Name] = true
		if s.Title == "" || s.Cause == "" || s.Hint == "" || !regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`).MatchString(s.Name) {
			t.Errorf("%+v", s)
		}
	}
	if len(names) != 10 {
		t.Errorf("%d stories", len(names))
	}
}

// What holds for each story.
func TestAStoryIsAValidTrace(t *testing.T) {
	for _, story := range All() {
		t.Run(story.Name, func(t *testing.T) {
			for seed := range uint64(5) {
				spans := spansOf(story, seed)
				ids, seen := map[span.ID]*span.Span{}, map[span.ID]bool{}
				for _, s := range spans {
					if ids[s.ID] != nil {
						t.Errorf("span %s is there twice", s.ID)
					}
					ids[s.ID] = s
				}
				roots := 0
				for _, s := range spans {
					if !s.TraceID.Valid() || !s.ID.Valid() || !s.Frozen() || s.Name == "" || !s.Type.Known() {
						t.Errorf("%q: ids %q, %q, type %q, frozen: %t", s.Name, s.TraceID, s.ID, s.Type, s.Frozen())
					}
					if now.Sub(s.Start) > time.Hour || s.Start.After(now) || s.End.After(now) || s.Start.Truncate(time.Millisecond) != s.Start {
						t.Errorf("%q from %v to %v", s.Name, s.Start, s.End)
					}
					if !s.End.IsZero() && s.End.Before(s.Start) {
						t.Errorf("%q ends before it begins", s.Name)
					}
					if s.End.IsZero() && !s.Event && story.Name != "in-progress" {
						t.Errorf("%q has no end", s.Name)
					}
					if seen[s.ParentID] {
						t.Errorf("%q comes after its parent", s.Name)
					}
					seen[s.ID] = true
					parent := ids[s.ParentID]
					switch {
					case s.Root:
						roots++
						if !slices.Contains(s.Tags, "sample") || !slices.Contains(s.Tags, story.Tag()) {
							t.Errorf("%q has the tags %q", s.Name, s.Tags)
						}
					case parent == nil:
						if story.Name != "lost-parent" {
							t.Errorf("the parent of %q is not there", s.Name)
						}
					case parent.TraceID != s.TraceID:
						t.Errorf("%q is of another trace than its parent", s.Name)
					case s.Start.Before(parent.Start) || !parent.End.IsZero() && s.End.After(parent.End):
						if story.Name != "lost-parent" {
							t.Errorf("%q from %v to %v lies outside of %q", s.Name, s.Start, s.End, parent.Name)
						}
					}
				}
				if want := 1; roots != want && story.Name != "wrong-prompt" {
					t.Errorf("%d roots", roots)
				}
				if cause := story.Find(spans); cause == nil {
					t.Errorf("there is no span %q", story.Cause)
				}
				if _, bad, err := span.DecodeBody(encoded(t, spans)); err != nil || len(bad) > 0 {
					t.Errorf("it cannot be read: %v, %v", err, bad)
				}
			}
		})
	}
}

func TestASeedSaysItAll(t *testing.T) {
	for _, story := range All() {
		a, same, other := encoded(t, spansOf(story, 1)), encoded(t, spansOf(story, 1)), encoded(t, spansOf(story, 2))
		if !bytes.Equal(a, same) || bytes.Equal(a, other) {
			t.Errorf("%s: equal for equal seeds: %t, for others: %t", story.Name, bytes.Equal(a, same), bytes.Equal(a, other))
		}
	}
}

func TestWhichSpanIsTheCause(t *testing.T) {
	at := func(second int) time.Time { return now.Add(time.Duration(second) * time.Second) }
	ended := &span.Span{Name: "x", Start: at(1), End: at(2)}
	running := &span.Span{Name: "x", Start: at(3)}
	failed := &span.Span{Name: "x", Start: at(5), End: at(6), Error: &span.Error{}}
	later := &span.Span{Name: "x", Start: at(7), End: at(8), Error: &span.Error{}}
	other := &span.Span{Name: "y", Start: at(0), Error: &span.Error{}}
	for _, c := range []struct {
		name  string
		spans []*span.Span
		want  *span.Span
	}{
		{"none is called so", []*span.Span{other}, nil},
		{"one is", []*span.Span{other, ended}, ended},
		{"one still runs", []*span.Span{ended, running}, running},
		{"two failed", []*span.Span{later, ended, failed, running}, failed},
	} {
		if got := (Story{Cause: "x"}).Find(c.spans); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestACleanRunHasNoErrorAndItsCauseIsMostOfIt(t *testing.T) {
	spans := spansOf(cleanRun, 1)
	root, nested := spans[len(spans)-1], cleanRun.Find(spans)
	all, below := 0.0, 0.0
	types := map[span.Type]bool{}
	for _, s := range spans {
		types[s.Type] = true
		if s.Error != nil {
			t.Errorf("%q failed", s.Name)
		}
		usd := cost(s)
		all += usd
		if s.ParentID == nested.ID {
			below += usd
		}
	}
	if 2*below < all || 2*nested.Duration() < root.Duration() {
		t.Errorf("the nested agent cost %.4f of %.4f and took %v of %v", below, all, nested.Duration(), root.Duration())
	}
	for _, want := range []span.Type{
		span.TypeModelStep, span.TypeMemoryOperation, span.TypeRAGEmbedding, span.TypeRAGVectorOperation, span.TypeProcessorRun, span.TypeMCPToolCall,
	} {
		if !types[want] {
			t.Errorf("there is no %s", want)
		}
	}
}

func TestARetryLoopRepeatsItsArguments(t *testing.T) {
	spans := spansOf(retryLoop, 1)
	calls := named(spans, retryLoop.Cause)
	for _, s := range calls {
		if s.Error == nil || s.Input != calls[0].Input || s.Error.Message != calls[0].Error.Message {
			t.Errorf("%q with %s: %v", s.Name, s.Input, s.Error)
		}
	}
	if len(calls) != 4 || retryLoop.Find(spans) != calls[0] || spans[len(spans)-1].Error == nil {
		t.Errorf("%d calls", len(calls))
	}
}

func TestAContextGrowsUntilItIsRefused(t *testing.T) {
	for seed := range uint64(20) {
		spans := spansOf(contextOverflow, seed)
		calls := named(spans, contextOverflow.Cause)
		tokens, size := 0, 0
		for i, s := range calls {
			usage, ok := s.Usage()
			if last := i == len(calls)-1; last != (s.Error != nil) || last == ok {
				t.Fatalf("seed %d: call %d of %d: error %v", seed, i, len(calls), s.Error)
			}
			if ok {
				if *usage.InputTokens <= tokens || *usage.InputTokens >= contextWindow {
					t.Errorf("seed %d: %d input tokens after %d", seed, *usage.InputTokens, tokens)
				}
				tokens = *usage.InputTokens
			}
			if len(s.Input) <= size {
				t.Errorf("seed %d: %d bytes of input after %d", seed, len(s.Input), size)
			}
			size = len(s.Input)
		}
		failed := calls[len(calls)-1]
		asked, _ := failed.Error.Details.Get("inputTokens").Int()
		code, _ := failed.Error.Details.Get("code").Text()
		if asked <= contextWindow || code != "context_length_exceeded" || contextOverflow.Find(spans) != failed {
			t.Errorf("seed %d: %s of %d tokens", seed, code, asked)
		}
	}
}

func TestASlowToolIsNineTenthsOfItsRun(t *testing.T) {
	spans := spansOf(slowTool, 1)
	root, tool := spans[len(spans)-1], slowTool.Find(spans)
	if share := float64(tool.Duration()) / float64(root.Duration()); root.Duration() != 48*time.Second || share < 0.89 || tool.Error != nil {
		t.Errorf("the tool took %v of %v", tool.Duration(), root.Duration())
	}
	next := named(spans, "llm: 'gpt-4.1'")[1]
	if dead := next.Start.Sub(tool.End); dead < time.Second {
		t.Errorf("%v between the tool and the call after it", dead)
	}
}

func TestManySpansHaveOneFailureDeepInside(t *testing.T) {
	spans := spansOf(manySpans, 1)
	ids, failed := map[span.ID]*span.Span{}, 0
	for _, s := range spans {
		ids[s.ID] = s
		if s.Error != nil {
			failed++
		}
	}
	depth := 0
	for s := manySpans.Find(spans); s.ParentID != ""; s = ids[s.ParentID] {
		depth++
	}
	if len(spans) != ManySpans || failed != 1 || depth != 3 || manySpans.Find(spans).Error == nil {
		t.Errorf("%d spans, %d failed, the cause %d levels below the root", len(spans), failed, depth)
	}
}

// Each call has the messages of the call before, and then some: that is what "added since" relies on.
func TestALongChatOnlyGrows(t *testing.T) {
	spans := spansOf(longChat, 1)
	var before []span.Value
	var texts strings.Builder
	roles, tokens := map[string]int{}, []int{}
	calls := named(spans, "llm: 'gpt-4.1'")
	for _, s := range calls {
		messages := slices.Collect(s.Input.Get("messages").Elements())
		if len(messages) <= len(before) || !slices.Equal(messages[:len(before)], before) {
			t.Fatalf("a call has %d messages, the one before it %d", len(messages), len(before))
		}
		for _, m := range messages[len(before):] {
			role, _ := m.Get("role").Text()
			roles[role]++
			texts.WriteString(string(m))
		}
		before = messages
		usage, _ := s.Usage()
		tokens = append(tokens, *usage.InputTokens)
		if usage.InputDetails == nil || *usage.InputDetails.CacheRead > *usage.InputTokens {
			t.Errorf("usage %s", usage.JSON())
		}
	}
	if roles["user"] < 30 || roles["system"] != 1 || roles["assistant"] < 30 || roles["tool"] < 3 || !slices.IsSorted(tokens) {
		t.Errorf("roles %v, tokens %v", roles, tokens)
	}
	for _, want := range []string{`"type":"image"`, picture, pixel, `"type":"file"`, `"type":"reasoning"`, "```sql", "|---|", `\n- `, "…[truncated]"} {
		if !strings.Contains(texts.String(), want) {
			t.Errorf("no message has %s", want)
		}
	}
	tool := longChat.Find(spans)
	i := slices.IndexFunc(calls, func(s *span.Span) bool { return !s.Start.Before(tool.End) })
	if len(named(spans, longChat.Cause)) != 1 || tokens[i]-tokens[i-1] < 9000 {
		t.Errorf("tokens %v, the cause before call %d", tokens, i)
	}
}

func TestARunInProgressWaitsForAModel(t *testing.T) {
	for seed := range uint64(50) {
		spans := spansOf(inProgress, seed)
		var running []string
		for _, s := range spans {
			if s.End.IsZero() {
				running = append(running, s.Name)
			}
		}
		if want := []string{inProgress.Cause, "agent run: 'incident-agent'"}; !slices.Equal(running, want) || len(spans) < 6 {
			t.Errorf("seed %d: of %d spans %q run, want %q", seed, len(spans), running, want)
		}
		if cause := inProgress.Find(spans); !cause.End.IsZero() || cause.Attributes.Get("usage") != "" {
			t.Errorf("seed %d: the cause is %+v", seed, cause)
		}
	}
}

// Wherever a run is broken off, it says what has not ended, and emits nothing more.
func TestARunThatIsBrokenOffSaysWhatIsOpen(t *testing.T) {
	for _, by := range []string{"until", "emit"} {
		for moment := range 200 {
			begun, steps, ended := map[span.ID]bool{}, 0, false
			step := func(breaks bool) bool {
				if ended {
					t.Fatalf("%s %d: it goes on after the end", by, moment)
				}
				steps++
				ended = breaks && steps > moment
				return !ended
			}
			open := Go(rand.New(rand.NewPCG(1, 0)), now, func(time.Time) bool { return step(by == "until") }, func(s *span.Span) bool {
				if begun[s.ID] {
					delete(begun, s.ID)
				} else {
					begun[s.ID] = true
				}
				return step(by == "emit")
			})
			if by == "until" && len(open) != len(begun) {
				t.Errorf("broken off at step %d: %d are open, want %d", moment, len(open), len(begun))
			}
			if len(open) > 0 && !open[len(open)-1].Root {
				t.Errorf("broken off at step %d: %q comes last", moment, open[len(open)-1].Name)
			}
			if !ended && len(open) != 0 {
				t.Errorf("%d are open in the end", len(open))
			}
		}
	}
}

func TestARateLimitIsWaitedFor(t *testing.T) {
	spans := spansOf(rateLimit, 1)
	refused := named(spans, rateLimit.Cause)
	after := append(refused[1:], named(spans, "llm: 'claude-haiku-4-5'")...)
	for i, s := range refused {
		var wait int
		text, _ := s.Error.Details.Get("responseHeaders").Get("retry-after").Text()
		if _, err := fmt.Sscan(text, &wait); err != nil {
			t.Fatal(err)
		}
		if gap := after[i].Start.Sub(s.End); gap < time.Duration(wait)*time.Second {
			t.Errorf("waited %v after retry-after %d", gap, wait)
		}
		if status, _ := s.Error.Details.Get("statusCode").Int(); status != 429 {
			t.Errorf("status %d", status)
		}
	}
	if root := spans[len(spans)-1]; len(refused) != 3 || root.Error != nil || rateLimit.Find(spans) != refused[0] {
		t.Errorf("refused %d times, the root's error is %v", len(refused), root.Error)
	}
}

func TestTwoVersionsOfAPromptDifferInASentence(t *testing.T) {
	spans := spansOf(wrongPrompt, 1)
	half := len(spans) / 2
	good, bad := spans[:half], spans[half:]
	system := func(spans []*span.Span) string {
		for m := range named(spans, "llm: 'gpt-4.1-mini'")[0].Input.Get("messages").Elements() {
			text, _ := m.Get("content").Text()
			return text
		}
		return ""
	}
	if system(good) != system(bad)+jsonOnly {
		t.Errorf("the prompts are %q and %q", system(good), system(bad))
	}
	for i, s := range good {
		if o := bad[i]; s.Name != o.Name || s.Type != o.Type || s.TraceID == o.TraceID || s.Error != nil || s.Metadata.Get("threadId") != o.Metadata.Get("threadId") {
			t.Errorf("%q and %q of trace %s, error %v", s.Name, o.Name, o.TraceID, s.Error)
		}
	}
	if cause := wrongPrompt.Find(spans); cause.Error == nil || !slices.Contains(bad, cause) || bad[len(bad)-1].Error == nil {
		t.Errorf("the cause is %+v", cause)
	}
}

func TestALostParentIsNotThereAndAClockIsOff(t *testing.T) {
	spans := spansOf(lostParent, 1)
	ids := map[span.ID]*span.Span{}
	for _, s := range spans {
		ids[s.ID] = s
	}
	orphans, outside := []string{}, []string{}
	for _, s := range spans {
		parent := ids[s.ParentID]
		switch {
		case s.ParentID != "" && parent == nil:
			orphans = append(orphans, s.Name)
		case parent != nil && s.Start.Before(parent.Start):
			outside = append(outside, s.Name)
			if s.End.After(parent.Start) {
				t.Errorf("%q lies across the start of its parent", s.Name)
			}
		}
	}
	if !slices.Equal(orphans, []string{lostParent.Cause}) || !slices.Equal(outside, []string{"mcp tool: 'convert' on 'fx-rates'"}) {
		t.Errorf("orphans %q, outside their parents %q", orphans, outside)
	}
}

// The chat view of a reader meets these; it would not be a sample of the world without them.
func TestStoriesWriteMessagesInManyWays(t *testing.T) {
	var all strings.Builder
	for _, story := range All() {
		for _, s := range spansOf(story, 1) {
			all.WriteString(string(s.Input))
			all.WriteString(string(s.Output))
		}
	}
	for _, want := range []string{
		`"args":`, `"result":`, `"output":{"type":"json"`, `"content":null,"tool_calls":`, `"tool_call_id":`, `"type":"tool_use"`, `"type":"tool_result"`, `"type":"thinking"`,
		`"type":"tool_call"`, `"type":"tool_call_response"`, `"parts":`, `"schema":`, `"object":`, `"reasoningText":`,
	} {
		if !strings.Contains(all.String(), want) {
			t.Errorf("no span has %s", want)
		}
	}
}

func TestOrdinaryTracesCanBeScaled(t *testing.T) {
	types, traces := map[span.Type]bool{}, Ordinary()
	for _, spans := range traces {
		for i, s := range spans {
			types[s.Type] = true
			for _, v := range []span.Value{s.Attributes, s.Metadata, s.Input, s.Output} {
				if v != "" && !json.Valid([]byte(v)) {
					t.Errorf("%q has %s", s.Name, v)
				}
			}
			if s.Error != nil || !s.Frozen() || s.Root != (i == len(spans)-1) {
				t.Errorf("%+v", s)
			}
			usage, ok := s.Usage()
			if !ok {
				continue
			}
			for _, n := range []*int{usage.InputTokens, usage.OutputTokens} {
				if n != nil && *n%OrdinaryTokens != 0 {
					t.Errorf("%q used %s", s.Name, usage.JSON())
				}
			}
			if d := usage.InputDetails; d != nil && *d.Text+*d.CacheRead != *usage.InputTokens {
				t.Errorf("%q used %s", s.Name, usage.JSON())
			}
		}
	}
	if len(traces) < 20 || !types[span.TypeModelChunk] || !types[span.TypeRAGEmbedding] || !types[span.TypeWorkflowStep] {
		t.Errorf("%d traces with the types %v", len(traces), types)
	}
}

func cost(s *span.Span) float64 {
	usd, _ := s.Attributes.Get("costContext").Get("estimatedCost").Float()
	return usd
}

// encoded is the request body of spans.
func encoded(t *testing.T, spans []*span.Span) []byte {
	t.Helper()
	body := span.V1.AppendOpen(nil)
	for i, s := range spans {
		var err error
		if body, err = span.V1.AppendItem(body, s, i == 0); err != nil {
			t.Fatalf("%q: %v", s.Name, err)
		}
	}
	return span.V1.AppendClose(body)
}
