package access

import (
	"encoding/json"
	"net/http"
)

// Problem is what is wrong with a request, as every answer of the API says it: {"error":{"code","message","field"}}.
type Problem struct {
	Code    string `json:"code"`            // a short word that programs may compare: unauthorized, not_found, …
	Message string `json:"message"`         // for a person; never quotes a secret or a span's content
	Field   string `json:"field,omitempty"` // the parameter or member that is wrong
}

// Fail answers with a problem.
func Fail(w http.ResponseWriter, status int, p Problem) {
	body, err := json.Marshal(map[string]Problem{"error": p})
	if err != nil { // three strings always encode
		panic(err)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n')) // who has gone needs no answer
}
