package sink

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// proxyError is what is wrong with the way by a proxy, and for somebody to mend.
type proxyError struct{ text string }

func (e *proxyError) Error() string { return e.text }

// proxyFromEnvironment is http.ProxyFromEnvironment, but that what the variables say wrongly is shown as
// that, and without the password that may be in it.
func proxyFromEnvironment(r *http.Request) (*url.URL, error) {
	proxy, err := http.ProxyFromEnvironment(r)
	// What is no URL is read again with http:// before it: of http://[::1 that makes the host "http:".
	if err != nil || proxy != nil && (proxy.Hostname() == "" || strings.HasSuffix(proxy.Host, ":")) {
		return nil, &proxyError{"the variable HTTP_PROXY, or HTTPS_PROXY for an endpoint with https, is not the URL of a proxy"}
	}
	return proxy, nil
}

// proxyAnswered judges what a proxy answers to CONNECT. What a retry may mend is left to net/http.
func proxyAnswered(_ context.Context, _ *url.URL, _ *http.Request, response *http.Response) error {
	switch code := response.StatusCode; classify(answer{code: code}) {
	case held, rejected, tooLarge:
		return &proxyError{fmt.Sprintf("the proxy answered %d %s", code, http.StatusText(code))}
	}
	return nil
}
