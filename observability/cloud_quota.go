package observability

import (
	"net/http"
	"time"
)

// The quota pause of Mastra's platform. A client that announces it gets a 402 once a quota is used
// up; from one that does not the spans are accepted and thrown away.
// https://github.com/mastra-ai/mastra/pull/21160
const (
	quotaCapabilities = "X-Mastra-Observability-Capabilities"
	quotaPauseV1      = "quota-pause-v1"
	quotaState        = "X-Mastra-Observability"
	quotaDisabled     = "disabled"
	quotaRetryAfter   = "X-Mastra-Observability-Retry-After"

	quotaPause    = 300 * time.Second       // if the server does not say how long
	maxQuotaPause = 2_147_483 * time.Second // the platform's limit
)

// readQuota reads from an answer whether the server wants to be left alone. Only the sending stops:
// what waits is kept.
func readQuota(status int, header http.Header) (wait time.Duration, ok bool) {
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return 0, false
	case status != http.StatusPaymentRequired && header.Get(quotaState) != quotaDisabled:
		return 0, false
	}
	return quotaWait(header.Get(quotaRetryAfter)), true
}

// quotaWait reads decimal seconds.
func quotaWait(digits string) time.Duration {
	seconds := 0
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return quotaPause
		}
		seconds = min(seconds*10+int(digits[i]-'0'), int(maxQuotaPause/time.Second))
	}
	if seconds == 0 {
		return quotaPause
	}
	return time.Duration(seconds) * time.Second
}
