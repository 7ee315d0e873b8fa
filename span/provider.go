package span

import "strings"

// providers maps the usual names of model providers, in lower case without punctuation, to those of the OpenTelemetry
// GenAI conventions.
var providers = map[string]string{
	"claude":          "anthropic",
	"bedrock":         "aws.bedrock",
	"amazonbedrock":   "aws.bedrock",
	"azureinference":  "azure.ai.inference",
	"azureopenai":     "azure.ai.openai",
	"msopenai":        "azure.ai.openai",
	"microsoftopenai": "azure.ai.openai",
	"gemini":          "gcp.gemini",
	"googlegenai":     "gcp.gen_ai",
	"googleai":        "gcp.gen_ai",
	"vertexai":        "gcp.vertex_ai",
	"watsonx":         "ibm.watsonx.ai",
	"watsonxai":       "ibm.watsonx.ai",
	"mistral":         "mistral_ai",
	"oai":             "openai",
	"pplx":            "perplexity",
	"xai":             "x_ai",
}

// NormalizeProvider returns the OpenTelemetry name of a model provider: aws.bedrock for "Amazon Bedrock", and the name
// in lower case for one that has no other.
func NormalizeProvider(name string) string {
	lower := strings.ToLower(strings.TrimSpace(name))
	bare := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, lower)
	if known, ok := providers[bare]; ok {
		return known
	}
	return lower
}
