package sink

import (
	"bytes"

	"github.com/tailrace-go/tailrace/pipeline"
)

const (
	echoed   = "(the answer repeats what was sent)"
	echoSize = 16 // bytes: shorter ones are also found in the names of fields
	echoStep = 8
)

// unechoed returns a server's words, or says that they repeat a part of what it was sent: errors end
// up in logs, and what a prompt says must not, by way of a server either. It finds whatever is
// 23 bytes or longer.
func (s *HTTPSender) unechoed(text string, body *pipeline.Body) string {
	if text == "" {
		return ""
	}
	sent := body.Data
	if s.canUnpack(body) {
		var err error
		if sent, err = s.unpacked(body); err != nil {
			return echoed // for all that is known
		}
	}
	shown := []byte(text[:min(len(text), 2*maxMessage)])
	for from := 0; from+echoSize <= len(shown); from += echoStep {
		if bytes.Contains(sent, shown[from:from+echoSize]) {
			return echoed
		}
	}
	return text
}
