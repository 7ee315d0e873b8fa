package span

// Fit makes a span that is larger than maxBytes, by [Span.Size], smaller than that, and reports whether it had to. What
// it cuts it marks, as [ValueLimits.Cut] does: the largest texts and values first, and tags and extra keys only where
// there are so many that their number alone is too large. A frozen span is frozen again.
//
// maxBytes should leave room for what is never cut, ids and the struct itself: 2 KiB do.
func (s *Span) Fit(maxBytes int) (cut bool) {
	if s.Size() <= maxBytes {
		return false
	}
	frozen := s.seal.frozen
	s.seal = seal{}
	texts, values := s.cuttable()
	rest, least := s.measure(), 0
	for _, t := range texts {
		rest, least = rest-len(*t), least+min(len(*t), leastRoom)
	}
	for _, v := range values {
		rest, least = rest-len(*v), least+min(len(*v), leastRoom)
	}
	if rest+least > maxBytes {
		s.Tags, s.Extra = nil, nil
		if s.Error != nil {
			s.Error.Extra = nil
		}
		texts, values = s.cuttable()
		rest = s.measure()
		for _, t := range texts {
			rest -= len(*t)
		}
		for _, v := range values {
			rest -= len(*v)
		}
	}
	sizes := make([]int, 0, len(texts)+len(values))
	for _, t := range texts {
		sizes = append(sizes, len(*t))
	}
	for _, v := range values {
		sizes = append(sizes, len(*v))
	}
	most := max(fairShare(sizes, maxBytes-rest), leastRoom)
	for _, t := range texts {
		if len(*t) > most {
			*t = cutText(*t, most)
		}
	}
	for _, v := range values {
		if len(*v) > most {
			*v = Value(appendShrunk(nil, *v, most))
		}
	}
	if frozen {
		s.Freeze()
	}
	return true
}

// cuttable lists what Fit may cut. Tags are a copy, since they may be shared.
func (s *Span) cuttable() (texts []*string, values []*Value) {
	texts = []*string{&s.Name, &s.EntityID, &s.EntityName}
	values = []*Value{&s.Attributes, &s.Metadata, &s.RequestContext, &s.Input, &s.Output}
	s.Tags = append([]string(nil), s.Tags...)
	for i := range s.Tags {
		texts = append(texts, &s.Tags[i])
	}
	s.Extra = append([]Field(nil), s.Extra...)
	for i := range s.Extra {
		values = append(values, &s.Extra[i].Value)
	}
	if s.Error == nil {
		return texts, values
	}
	e := *s.Error
	e.Extra = append([]Field(nil), e.Extra...)
	for i := range e.Extra {
		values = append(values, &e.Extra[i].Value)
	}
	s.Error = &e
	return append(texts, &e.Message, &e.ID, &e.Domain, &e.Category, &e.Name, &e.Stack), append(values, &e.Details)
}

// cutText returns the beginning of s and the mark, n bytes at most.
func cutText(s string, n int) string { return cut(s, n-len(cutMark)) + cutMark }
