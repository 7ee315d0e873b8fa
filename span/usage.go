package span

// Usage counts the tokens of a model call in the keys of both generations. nil means that the provider did not say. A
// sender of 0.x fills the flat keys, one of 1.x the totals and the details; see [Usage.Normalized] for reading either.
type Usage struct {
	InputTokens  *int `json:"inputTokens,omitempty"`
	OutputTokens *int `json:"outputTokens,omitempty"`

	// 0.x.
	PromptTokens          *int `json:"promptTokens,omitempty"`     // older name of InputTokens
	CompletionTokens      *int `json:"completionTokens,omitempty"` // older name of OutputTokens
	TotalTokens           *int `json:"totalTokens,omitempty"`
	ReasoningTokens       *int `json:"reasoningTokens,omitempty"`   // part of the output
	CachedInputTokens     *int `json:"cachedInputTokens,omitempty"` // part of the input
	PromptCacheHitTokens  *int `json:"promptCacheHitTokens,omitempty"`
	PromptCacheMissTokens *int `json:"promptCacheMissTokens,omitempty"`

	// 1.x.
	InputDetails  *InputDetails  `json:"inputDetails,omitempty"`
	OutputDetails *OutputDetails `json:"outputDetails,omitempty"`
}

// InputDetails are the parts of a call's input tokens.
type InputDetails struct {
	Text         *int `json:"text,omitempty"`
	CacheRead    *int `json:"cacheRead,omitempty"`
	CacheWrite   *int `json:"cacheWrite,omitempty"`
	CacheWrite5m *int `json:"cacheWrite5m,omitempty"` // kept for five minutes
	CacheWrite1h *int `json:"cacheWrite1h,omitempty"` // kept for an hour
	Audio        *int `json:"audio,omitempty"`
	Image        *int `json:"image,omitempty"`
}

// OutputDetails are the parts of a call's output tokens.
type OutputDetails struct {
	Text      *int `json:"text,omitempty"`
	Reasoning *int `json:"reasoning,omitempty"`
	Audio     *int `json:"audio,omitempty"`
	Image     *int `json:"image,omitempty"`
}

// Tokens is usage with one name for each count. A count that nobody gave is 0.
type Tokens struct {
	Input, Output, Total int
	Reasoning            int // part of Output
	Cached               int // part of Input
}

// Add returns the sum of both.
func (t Tokens) Add(u Tokens) Tokens {
	return Tokens{t.Input + u.Input, t.Output + u.Output, t.Total + u.Total, t.Reasoning + u.Reasoning, t.Cached + u.Cached}
}

// Normalized reads the usage of either generation. Of several keys for one count the first that is there is taken:
// input is inputTokens or promptTokens, output is outputTokens or completionTokens, total is totalTokens or the sum of
// the two, reasoning is reasoningTokens or outputDetails.reasoning, cached is cachedInputTokens, promptCacheHitTokens or
// inputDetails.cacheRead.
func (u Usage) Normalized() Tokens {
	in, out := InputDetails{}, OutputDetails{}
	if u.InputDetails != nil {
		in = *u.InputDetails
	}
	if u.OutputDetails != nil {
		out = *u.OutputDetails
	}
	t := Tokens{
		Input:     first(u.InputTokens, u.PromptTokens),
		Output:    first(u.OutputTokens, u.CompletionTokens),
		Reasoning: first(u.ReasoningTokens, out.Reasoning),
		Cached:    first(u.CachedInputTokens, u.PromptCacheHitTokens, in.CacheRead),
	}
	sum := t.Input + t.Output
	t.Total = first(u.TotalTokens, &sum)
	return t
}

func first(counts ...*int) int {
	for _, n := range counts {
		if n != nil {
			return *n
		}
	}
	return 0
}

// CountsUsage reports whether the usage attribute of a span of type t adds to its trace's total. Generations,
// embeddings and classifiers do. Steps and inferences repeat their generation's usage, so they do only when no ancestor
// of a model type has usage. Nothing else does, whatever it carries.
func CountsUsage(t Type, modelAncestorHasUsage bool) bool {
	switch t.Canonical() {
	case TypeModelGeneration, TypeRAGEmbedding, TypeClassifierEvaluation:
		return true
	case TypeModelStep, TypeModelInference:
		return !modelAncestorHasUsage
	}
	return false
}

// Usage returns the usage attribute of s, counting or not, and whether it has one.
func (s *Span) Usage() (Usage, bool) { return readUsage(s.Attributes.Get("usage")) }

// InternalUsage returns the usage of model calls that are not shown as spans of their own and were added to s. It
// always counts.
func (s *Span) InternalUsage() (Usage, bool) { return readUsage(s.Attributes.Get("internalUsage")) }

// CountedTokens returns what s adds to its trace's total: its usage, if [CountsUsage] says so, and its internal usage.
func (s *Span) CountedTokens(modelAncestorHasUsage bool) Tokens {
	internal, _ := s.InternalUsage()
	tokens := internal.Normalized()
	if CountsUsage(s.Type, modelAncestorHasUsage) {
		own, _ := s.Usage()
		tokens = tokens.Add(own.Normalized())
	}
	return tokens
}

// JSON returns the usage as an object, for instance to set as a span's internalUsage attribute.
func (u Usage) JSON() Value {
	o := newObject(nil)
	u.members(&o)
	return Value(o.close())
}

func (u *Usage) write(o *object, key string) {
	if u != nil {
		g := o.open(key)
		u.members(o)
		o.shut(g)
	}
}

func (u *Usage) members(o *object) {
	o.int("inputTokens", u.InputTokens)
	o.int("outputTokens", u.OutputTokens)
	o.int("promptTokens", u.PromptTokens)
	o.int("completionTokens", u.CompletionTokens)
	o.int("totalTokens", u.TotalTokens)
	o.int("reasoningTokens", u.ReasoningTokens)
	o.int("cachedInputTokens", u.CachedInputTokens)
	o.int("promptCacheHitTokens", u.PromptCacheHitTokens)
	o.int("promptCacheMissTokens", u.PromptCacheMissTokens)
	if d := u.InputDetails; d != nil {
		g := o.open("inputDetails")
		o.int("text", d.Text)
		o.int("cacheRead", d.CacheRead)
		o.int("cacheWrite", d.CacheWrite)
		o.int("cacheWrite5m", d.CacheWrite5m)
		o.int("cacheWrite1h", d.CacheWrite1h)
		o.int("audio", d.Audio)
		o.int("image", d.Image)
		o.shut(g)
	}
	if d := u.OutputDetails; d != nil {
		g := o.open("outputDetails")
		o.int("text", d.Text)
		o.int("reasoning", d.Reasoning)
		o.int("audio", d.Audio)
		o.int("image", d.Image)
		o.shut(g)
	}
}

// readUsage takes every count that is a whole number and passes over the rest.
func readUsage(v Value) (Usage, bool) {
	if !v.IsObject() {
		return Usage{}, false
	}
	count := func(object Value, key string) *int {
		if n, ok := object.Get(key).Int(); ok {
			return &n
		}
		return nil
	}
	u := Usage{
		InputTokens:           count(v, "inputTokens"),
		OutputTokens:          count(v, "outputTokens"),
		PromptTokens:          count(v, "promptTokens"),
		CompletionTokens:      count(v, "completionTokens"),
		TotalTokens:           count(v, "totalTokens"),
		ReasoningTokens:       count(v, "reasoningTokens"),
		CachedInputTokens:     count(v, "cachedInputTokens"),
		PromptCacheHitTokens:  count(v, "promptCacheHitTokens"),
		PromptCacheMissTokens: count(v, "promptCacheMissTokens"),
	}
	if in := v.Get("inputDetails"); in.IsObject() {
		u.InputDetails = &InputDetails{
			Text:         count(in, "text"),
			CacheRead:    count(in, "cacheRead"),
			CacheWrite:   count(in, "cacheWrite"),
			CacheWrite5m: count(in, "cacheWrite5m"),
			CacheWrite1h: count(in, "cacheWrite1h"),
			Audio:        count(in, "audio"),
			Image:        count(in, "image"),
		}
	}
	if out := v.Get("outputDetails"); out.IsObject() {
		u.OutputDetails = &OutputDetails{
			Text:      count(out, "text"),
			Reasoning: count(out, "reasoning"),
			Audio:     count(out, "audio"),
			Image:     count(out, "image"),
		}
	}
	return u, true
}
