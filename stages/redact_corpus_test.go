package stages_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/tailrace-go/tailrace/span"
	"github.com/tailrace-go/tailrace/stages"
)

// The corpus is made here, the same each time, out of dice and parts: no secret stands in the source, not even a fake
// that a scanner of repositories would report.

// sample is a value and the secrets in it; a harmless one has none.
type sample struct {
	about   string
	value   span.Value
	secrets []string
}

const (
	smalls   = "abcdefghijklmnopqrstuvwxyz"
	capitals = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	numerals = "0123456789"
	hexits   = "0123456789abcdef"
	alnums   = smalls + capitals + numerals
	urlish   = alnums + "-_"
	base64s  = alnums + "+/"
)

// dice makes what looks like keys.
type dice struct{ *rand.Rand }

func (d dice) of(letters string, n int) string {
	var out strings.Builder
	for range n {
		out.WriteByte(letters[d.IntN(len(letters))])
	}
	return out.String()
}

func (d dice) pick(from ...string) string { return from[d.IntN(len(from))] }

func (d dice) uuid() string {
	return d.of(hexits, 8) + "-" + d.of(hexits, 4) + "-4" + d.of(hexits, 3) + "-a" + d.of(hexits, 3) + "-" + d.of(hexits, 12)
}

func encoded(text string) string {
	return strings.TrimRight(base64.URLEncoding.EncodeToString([]byte(text)), "=")
}

// provider is who gives out keys of a form.
type provider struct {
	name, env string
	named     bool // its keys have no form of their own: only the name in front of them tells
	key       func(d dice) string
}

var providers = []provider{
	{"OpenAI", "OPENAI_API_KEY", false, func(d dice) string { return "sk" + "-" + d.of(alnums, 20) + "T3Blbk" + "FJ" + d.of(alnums, 20) }},
	{"OpenAI project", "OPENAI_API_KEY", false, func(d dice) string { return "sk" + "-proj-" + d.of(urlish, 74) + "T3Blbk" + "FJ" + d.of(urlish, 74) }},
	{"OpenAI service account", "OPENAI_KEY", false, func(d dice) string { return "sk" + "-svcacct-" + d.of(urlish, 60) }},
	{"Anthropic", "ANTHROPIC_API_KEY", false, func(d dice) string { return "sk" + "-ant-api03-" + d.of(urlish, 93) + "AA" }},
	{"Anthropic admin", "ANTHROPIC_ADMIN", false, func(d dice) string { return "sk" + "-ant-admin01-" + d.of(urlish, 93) + "AA" }},
	{"OpenRouter", "OPENROUTER_API_KEY", false, func(d dice) string { return "sk" + "-or-v1-" + d.of(hexits, 64) }},
	{"DeepSeek", "DEEPSEEK_API_KEY", false, func(d dice) string { return "sk" + "-" + d.of(hexits, 32) }},
	{"LiteLLM", "LITELLM_KEY", false, func(d dice) string { return "sk" + "-" + d.of(urlish, 22) }},
	{"Langfuse", "LANGFUSE_SECRET_KEY", false, func(d dice) string { return "sk" + "-lf-" + d.uuid() }},
	{"Google", "GEMINI_API_KEY", false, func(d dice) string { return "AI" + "zaSy" + d.of(urlish, 33) }},
	{"Google client", "GOOGLE_CLIENT_SECRET", false, func(d dice) string { return "GOC" + "SPX-" + d.of(urlish, 28) }},
	{"Google OAuth", "GOOGLE_TOKEN", false, func(d dice) string { return "ya" + "29." + "a0" + d.of(urlish, 120) }},
	{"Groq", "GROQ_API_KEY", false, func(d dice) string { return "gs" + "k_" + d.of(alnums, 52) }},
	{"xAI", "XAI_API_KEY", false, func(d dice) string { return "xa" + "i-" + d.of(alnums, 80) }},
	{"Perplexity", "PERPLEXITY_API_KEY", false, func(d dice) string { return "pp" + "lx-" + d.of(alnums, 48) }},
	{"Replicate", "REPLICATE_API_TOKEN", false, func(d dice) string { return "r" + "8_" + d.of(alnums, 37) }},
	{"Hugging Face", "HF_TOKEN", false, func(d dice) string { return "h" + "f_" + d.of(smalls+capitals, 34) }},
	{"NVIDIA", "NVIDIA_API_KEY", false, func(d dice) string { return "nv" + "api-" + d.of(urlish, 64) }},
	{"Fireworks", "FIREWORKS_API_KEY", false, func(d dice) string { return "f" + "w_" + d.of(alnums, 24) }},
	{"Together", "TOGETHER_API_KEY", false, func(d dice) string { return "tg" + "p_v1_" + d.of(urlish, 43) }},
	{"Cerebras", "CEREBRAS_API_KEY", false, func(d dice) string { return "cs" + "k-" + d.of(smalls+numerals, 48) }},
	{"Voyage", "VOYAGE_API_KEY", false, func(d dice) string { return "p" + "a-" + d.of(urlish, 43) }},
	{"Tavily", "TAVILY_API_KEY", false, func(d dice) string { return "tv" + "ly-dev-" + d.of(alnums, 32) }},
	{"Pinecone", "PINECONE_API_KEY", false, func(d dice) string { return "pc" + "sk_" + d.of(alnums, 6) + "_" + d.of(alnums, 63) }},
	{"LangSmith", "LANGSMITH_API_KEY", false, func(d dice) string { return "ls" + "v2_pt_" + d.of(hexits, 32) + "_" + d.of(hexits, 10) }},
	{"Mastra", "MASTRA_CLOUD_ACCESS_TOKEN", false, func(d dice) string { return "ms" + "t_" + d.of(alnums, 40) }},
	{"ElevenLabs", "ELEVENLABS_API_KEY", false, func(d dice) string { return "s" + "k_" + d.of(hexits, 48) }},
	{"AWS key id", "AWS_ACCESS_KEY_ID", false, func(d dice) string { return "AK" + "IA" + d.of(capitals+"234567", 16) }},
	{"AWS session key id", "AWS_ACCESS_KEY_ID", false, func(d dice) string { return "AS" + "IA" + d.of(capitals+"234567", 16) }},
	{"AWS secret", "AWS_SECRET_ACCESS_KEY", true, func(d dice) string { return d.of(base64s, 40) }},
	{"Azure storage", "AZURE_STORAGE_ACCOUNT_KEY", true, func(d dice) string { return d.of(base64s, 86) + "==" }},
	{"Azure OpenAI", "AZURE_OPENAI_API_KEY", false, func(d dice) string { return d.of(alnums, 52) + "JQQ" + "J99B" + d.of(alnums, 28) }},
	{"Azure OpenAI, older", "AZURE_OPENAI_API_KEY", true, func(d dice) string { return d.of(hexits, 32) }},
	{"Cohere", "COHERE_API_KEY", true, func(d dice) string { return d.of(alnums, 40) }},
	{"Mistral", "MISTRAL_API_KEY", true, func(d dice) string { return d.of(alnums, 32) }},
	{"DigitalOcean", "DIGITALOCEAN_TOKEN", false, func(d dice) string { return "do" + "p_v1_" + d.of(hexits, 64) }},
	{"Vault", "VAULT_TOKEN", false, func(d dice) string { return "hv" + "s." + d.of(urlish, 90) }},
	{"Tailscale", "TS_AUTHKEY", false, func(d dice) string { return "ts" + "key-auth-" + d.of(alnums, 12) + "CNTRL-" + d.of(alnums, 32) }},
	{"GitHub", "GITHUB_TOKEN", false, func(d dice) string { return "gh" + d.pick("p", "o", "u", "s", "r") + "_" + d.of(alnums, 36) }},
	{"GitHub, fine-grained", "GITHUB_TOKEN", false, func(d dice) string { return "git" + "hub_pat_" + d.of(alnums, 22) + "_" + d.of(alnums, 59) }},
	{"GitLab", "GITLAB_TOKEN", false, func(d dice) string { return "gl" + "pat-" + d.of(urlish, 20) }},
	{"npm", "NPM_TOKEN", false, func(d dice) string { return "np" + "m_" + d.of(alnums, 36) }},
	{"PyPI", "PYPI_TOKEN", false, func(d dice) string { return "py" + "pi-AgEIcHlwaS5vcmc" + d.of(urlish, 120) }},
	{"Docker", "DOCKER_PAT", false, func(d dice) string { return "dc" + "kr_pat_" + d.of(urlish, 27) }},
	{"Supabase", "SUPABASE_KEY", false, func(d dice) string { return "sb" + "p_" + d.of(hexits, 40) }},
	{"Grafana", "GRAFANA_TOKEN", false, func(d dice) string { return "gl" + "sa_" + d.of(alnums, 32) + "_" + d.of(hexits, 8) }},
	{"Slack bot", "SLACK_BOT_TOKEN", false, func(d dice) string {
		return "xo" + "xb-" + d.of(numerals, 12) + "-" + d.of(numerals, 13) + "-" + d.of(alnums, 24)
	}},
	{"Slack app", "SLACK_APP_TOKEN", false, func(d dice) string {
		return "xa" + "pp-1-A" + d.of(capitals+numerals, 10) + "-" + d.of(numerals, 13) + "-" + d.of(hexits, 64)
	}},
	{"Slack webhook", "SLACK_WEBHOOK", false, func(d dice) string {
		return "T" + d.of(capitals+numerals, 8) + "/B" + d.of(capitals+numerals, 8) + "/" + d.of(alnums, 24)
	}},
	{"SendGrid", "SENDGRID_API_KEY", false, func(d dice) string { return "S" + "G." + d.of(urlish, 22) + "." + d.of(urlish, 43) }},
	{"Twilio", "TWILIO_API_KEY", false, func(d dice) string { return "S" + "K" + d.of(hexits, 32) }},
	{"Mailgun", "MAILGUN_API_KEY", false, func(d dice) string { return "ke" + "y-" + d.of(hexits, 32) }},
	{"Resend", "RESEND_API_KEY", false, func(d dice) string { return "r" + "e_" + d.of(alnums, 8) + "_" + d.of(alnums, 24) }},
	{"Stripe", "STRIPE_SECRET_KEY", false, func(d dice) string { return d.pick("s", "r") + "k_" + d.pick("live", "test") + "_" + d.of(alnums, 24) }},
	{"Stripe, longer", "STRIPE_SECRET_KEY", false, func(d dice) string { return "sk" + "_live_51" + d.of(alnums, 97) }},
	{"Shopify", "SHOPIFY_TOKEN", false, func(d dice) string { return "sh" + "pat_" + d.of(hexits, 32) }},
	{"Notion", "NOTION_TOKEN", false, func(d dice) string { return "nt" + "n_" + d.of(numerals, 11) + d.of(alnums, 35) }},
	{"Linear", "LINEAR_API_KEY", false, func(d dice) string { return "li" + "n_api_" + d.of(alnums, 40) }},
	{"Telegram", "TELEGRAM_BOT_TOKEN", false, func(d dice) string { return d.of("123456789", 10) + ":A" + "A" + d.of(urlish, 33) }},
	{"Discord", "DISCORD_TOKEN", false, func(d dice) string {
		return encoded(d.of("123456789", 18)) + "." + "G" + d.of(alnums, 5) + "." + d.of(urlish, 38)
	}},
	{"JWT", "SESSION_JWT", false, func(d dice) string {
		return encoded(`{"alg":"HS256","typ":"JWT"}`) + "." + encoded(`{"sub":"`+d.of(numerals, 10)+`"}`) + "." + d.of(urlish, 43)
	}},
	{"private key", "TLS_KEY", false, func(d dice) string {
		kind := d.pick("RSA ", "EC ", "OPENSSH ", "")
		lines := "-----BEG" + "IN " + kind + "PRIVATE KEY-----\n"
		for range 3 + d.IntN(5) {
			lines += d.of(base64s, 64) + "\n"
		}
		return lines + d.of(base64s, 30) + "==\n-----E" + "ND " + kind + "PRIVATE KEY-----"
	}},
}

// contexts are where keys turn up. Each makes the text of a string, or with object a whole value.
var contexts = []struct {
	about string
	text  func(d dice, p provider, key string) string
}{
	{"alone", func(_ dice, _ provider, key string) string { return key }},
	{"in a question", func(_ dice, p provider, key string) string {
		return "Why is my " + p.name + " key " + key + " refused? It worked yesterday."
	}},
	{"at the end of a sentence", func(_ dice, _ provider, key string) string { return "Please use " + key + ". Then try again." }},
	{"in quotes and brackets", func(d dice, _ provider, key string) string {
		return d.pick(`He said "`, "Use (", "See [", "the key is `", "it's '", "key=<") + key + d.pick(`".`, ")", "]", "` now", "'", ">")
	}},
	{"on a line of its own", func(_ dice, _ provider, key string) string { return "Here it is:\n" + key + "\nThanks!\tBye" }},
	{"behind a header's name", func(_ dice, _ provider, key string) string {
		return "POST /v1/chat HTTP/1.1\r\nHost: api.example.com\r\nX-Api-Key: " + key + "\r\nAccept: */*\r\n\r\n{}"
	}},
	{"as a bearer token", func(_ dice, _ provider, key string) string {
		return `curl -H "Authorization: Bearer ` + key + `" https://api.example.com/v1/models`
	}},
	{"in a URL's query", func(_ dice, _ provider, key string) string {
		return "GET https://api.example.com/v1/models?pretty=1&access_token=" + key + "&page=2 returned 403"
	}},
	{"in a log line", func(_ dice, p provider, key string) string {
		return "2026-11-22T16:08:08.809Z WARN client: login failed provider=" + strings.ToLower(p.name) + " credential=" + key + " attempt=3"
	}},
}

// namedContexts put the key behind a name that says what it is.
var namedContexts = []struct {
	about string
	text  func(d dice, p provider, key string) string
}{
	{"in an env file", func(_ dice, p provider, key string) string {
		return "PORT=8080\nLOG_LEVEL=debug\n" + p.env + "=" + key + "\nREGION=eu-west-1\n"
	}},
	{"in a quoted env file", func(_ dice, p provider, key string) string {
		return `export ` + p.env + `="` + key + `"` + "\nexport REGION='eu-west-1'\n"
	}},
	{"in Python", func(_ dice, p provider, key string) string {
		return "import os\nos.environ['" + p.env + "'] = '" + key + "'\nclient = Client()\n"
	}},
	{"in Go", func(_ dice, p provider, key string) string {
		return "func main() {\n\tconst " + strings.ToLower(p.env) + " = `" + key + "`\n\tclient := New(key)\n}\n"
	}},
	{"in YAML", func(_ dice, p provider, key string) string {
		return "services:\n  api:\n    environment:\n      " + p.env + ": " + key + "\n      REGION: eu-west-1\n"
	}},
	{"in JSON in prose", func(_ dice, p provider, key string) string {
		text, _ := json.Marshal(map[string]string{p.env: key, "region": "eu-west-1"})
		return "The model answered: " + string(text) + " and stopped."
	}},
	{"in JSON in JSON in prose", func(_ dice, p provider, key string) string {
		inner, _ := json.Marshal(map[string]string{p.env: key})
		outer, _ := json.Marshal(map[string]string{"config": string(inner)})
		return "Tool result: " + string(outer)
	}},
}

// wrappers put a text into a value.
var wrappers = []struct {
	about string
	value func(text string) any
}{
	{"a string", func(text string) any { return text }},
	{"a message", func(text string) any {
		return map[string]any{"messages": []any{map[string]any{"role": "user", "content": text}}, "temperature": 0.3}
	}},
	{"parts of a message", func(text string) any {
		return []any{map[string]any{"role": "tool", "parts": []any{map[string]any{"type": "text", "content": text}, nil, 7}}}
	}},
	{"JSON in a string", func(text string) any {
		inner, _ := json.Marshal(map[string]any{"ok": true, "result": text})
		return map[string]any{"output": string(inner)}
	}},
}

func toValue(v any) span.Value {
	out, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	value, err := span.ParseValue(string(out))
	if err != nil {
		panic(err)
	}
	return value
}

// positives has each provider's keys in each context, the values in turn.
func positives() []sample {
	d := dice{rand.New(rand.NewPCG(11, 22))}
	var all []sample
	add := func(p provider, context string, key, text string) {
		w := wrappers[len(all)%len(wrappers)]
		secrets := []string{key}
		if strings.Contains(key, "\n") {
			secrets = strings.Split(key, "\n")
			secrets = secrets[1 : len(secrets)-1] // the lines between the dashes
		}
		all = append(all, sample{p.name + " " + context + ", " + w.about, toValue(w.value(text)), secrets})
	}
	for _, p := range providers {
		written := func() (key, text string) {
			key = p.key(d)
			if p.name == "Slack webhook" {
				return key, "https://hooks.slack.com/services/" + key
			}
			return key, key
		}
		if !p.named {
			for _, c := range contexts {
				key, text := written()
				add(p, c.about, key, c.text(d, p, text))
			}
		}
		for _, c := range namedContexts {
			key, text := written()
			add(p, c.about, key, c.text(d, p, text))
		}
	}
	for range 10 {
		password := d.of(alnums+"!$*-_.", 6+d.IntN(20))
		for _, form := range []string{
			"postgres://app:%s@db.internal:5432/prod?sslmode=require", "mongodb+srv://root:%s@cluster0.example.net/test",
			"redis://:%s@cache:6379/0", "https://bob:%s@example.com/repo.git", "amqps://svc:%s@mq-1,mq-2/vhost",
			"Server=tcp:db.example.net,1433;Database=crm;User ID=sa;Password=%s;Encrypt=true",
			"jdbc:postgresql://db/prod?user=app&password=%s&ssl=true",
		} {
			add(provider{name: "password"}, "in a connection string", password, "connect to "+fmt.Sprintf(form, password)+" failed")
		}
		basic := base64.StdEncoding.EncodeToString([]byte("user" + d.of(numerals, 3) + ":" + d.of(alnums, 12)))
		add(provider{name: "basic"}, "in a header", basic, "Authorization: Basic "+basic+"\r\nAccept: */*")
		bearer := d.of(base64s, 44)
		add(provider{name: "opaque bearer"}, "in a header", bearer, "authorization: bearer "+bearer)
		signature := d.of(alnums, 40) + "%3D"
		add(provider{name: "SAS"}, "in a URL", signature, "https://acc.blob.core.windows.net/c/b?sv=2024-05-04&se=2026-11-22&sr=b&sp=r&sig="+signature)
		account := d.of(base64s, 86) + "=="
		add(provider{name: "Azure"}, "in a connection string", account,
			"DefaultEndpointsProtocol=https;AccountName=prod;AccountKey="+account+";EndpointSuffix=core.windows.net")
	}
	return all
}

func TestRedactCorpusRecall(t *testing.T) {
	r := redactor(t, stages.RedactConfig{OnlyFields: true}) // by form alone
	samples := positives()
	missed := 0
	for _, s := range samples {
		got := string(r.Value(s.value, ""))
		for _, secret := range s.secrets {
			if left := leftOf(got, secret); left != "" {
				missed++
				t.Logf("missed %q of %s: %s", left, s.about, got)
				break
			}
		}
		if !json.Valid([]byte(got)) {
			t.Errorf("%s: not JSON: %s", s.about, got)
		}
		if again := string(r.Value(span.Value(got), "")); again != got {
			t.Errorf("%s: %s became %s when it was redacted again", s.about, got, again)
		}
	}
	recall := 1 - float64(missed)/float64(len(samples))
	t.Logf("%d samples with secrets, %d missed: recall %.2f %%", len(samples), missed, 100*recall)
	if recall < 0.99 || len(samples) < 500 {
		t.Errorf("recall %.4f of %d samples", recall, len(samples))
	}
}

// leftOf returns what text still shows of a secret: ten letters of its middle or end, or all of a short one.
func leftOf(text, secret string) string {
	if len(secret) < 14 {
		if strings.Contains(text, secret) {
			return secret
		}
		return ""
	}
	for _, part := range []string{secret[len(secret)-10:], secret[len(secret)/2-5 : len(secret)/2+5]} {
		if strings.Contains(text, part) {
			return part
		}
	}
	return ""
}

// harmless makes texts that look like secrets to a careless reader, and values that have none.
var harmless = []struct {
	about string
	text  func(d dice) any
}{
	{"a UUID", func(d dice) any { return d.uuid() }},
	{"ids in prose", func(d dice) any {
		return "Request " + d.uuid() + " of thread " + d.uuid() + " failed; session_id=" + d.uuid() + ", see run-" + d.of(smalls+numerals, 12) + "."
	}},
	{"hashes", func(d dice) any {
		return "sha256:" + d.of(hexits, 64) + " md5 " + d.of(hexits, 32) + " etag \"" + d.of(hexits, 40) + "\" integrity sha512-" + d.of(base64s, 86) + "=="
	}},
	{"git", func(d dice) any {
		return "commit " + d.of(hexits, 40) + "\nMerge: " + d.of(hexits, 7) + " " + d.of(hexits, 7) + "\nindex " + d.of(hexits, 10) + ".." + d.of(hexits, 10) + " 100644"
	}},
	{"an image", func(d dice) any { return "data:image/png;base64," + d.of(base64s, 400+d.IntN(4000)) + "==" }},
	{"embeddings", func(d dice) any {
		list := make([]float64, 40)
		for i := range list {
			list[i] = d.Float64()*2 - 1
		}
		return map[string]any{"model": "text-embedding-3-small", "embedding": list, "index": d.IntN(9)}
	}},
	{"W3C ids", func(d dice) any {
		return map[string]any{"traceparent": "00-" + d.of(hexits, 32) + "-" + d.of(hexits, 16) + "-01", "tracestate": "vendor=" + d.of(hexits, 16)}
	}},
	{"words with sk", func(d dice) any {
		return d.pick("The skeleton of the risk-assessment is a task-based desk-check", "pip install scikit-learn sk-learn sk-video==1.1.10",
			"mask-rcnn, flask-restful-swagger-2, disk-usage-monitor-v2", "ask-me-anything-about-long-kebab-case-names-2026", "brisk-morning-walks-along-the-river-side")
	}},
	{"CSS", func(d dice) any {
		return `<div class="sk-estimator sk-toggleable__content--expanded sk-container-id-` + d.of(numerals, 2) + ` hf_spaces_header fw_layout__col-12 re_ordered_list_item_container">` +
			`<style>.pa-4{padding:4px}.sk-cube-grid .sk-cube1{animation-delay:0.2s}.fc-daygrid-event-harness-abs{}</style>`
	}},
	{"Kubernetes", func(d dice) any {
		return "pod/api-server-" + d.of("bcdfghjklmnpqrstvwxz2456789", 10) + "-" + d.of("bcdfghjklmnpqrstvwxz2456789", 5) + " CrashLoopBackOff; pvc-" + d.uuid() + " Bound"
	}},
	{"token counts", func(d dice) any {
		return map[string]any{"promptTokens": d.IntN(9000), "completionTokens": d.IntN(900), "totalTokens": d.IntN(9900), "maxTokens": 4096, "tokenizer": "cl100k_base", "cachedInputTokens": 0}
	}},
	{"URLs", func(d dice) any {
		return "https://example.com:8443/a/b?page=" + d.of(numerals, 3) + "&sort=key&q=secret+santa#token http://user@example.com/ ssh://git@github.com:22/o/r.git mailto:a@b.example https://x.example/@scope/pkg@1.2.3"
	}},
	{"templates of credentials", func(d dice) any {
		return d.pick("postgres://user:${PASSWORD}@db/prod", "Authorization: Bearer <your-access-token-here>", "OPENAI_API_KEY=your-api-key-goes-here",
			"Bearer ${ACCESS_TOKEN_FROM_ENVIRONMENT}", "api_key = os.environ['OPENAI_API_KEY']", "apiKey: process.env.ANTHROPIC_API_KEY_V2_PRODUCTION",
			"export HF_TOKEN=hf_...", "sk-...", "ghp_xxx", "AWS_SECRET_ACCESS_KEY={{ vault.aws_secret_access_key }}", "password=$(cat /run/secrets/db)")
	}},
	{"talk about secrets", func(d dice) any {
		return d.pick("A bearer token authenticates whoever holds it; basic authentication sends a password.",
			"The bearer of these presents, basic understanding of tokenization required.",
			"PEM files begin with -----BEGIN PRIVATE KEY----- and end with -----END PRIVATE KEY-----; keep them safe.",
			"My password is hunter2 and the secret key is under the mat.", "Bearer authentication_required_for_this_resource",
			"The JWT has three parts: header.payload.signature, each in base64url.", "Basic information: name, age, address")
	}},
	{"a certificate", func(d dice) any {
		return "-----BEGIN CERTIFICATE-----\n" + d.of(base64s, 64) + "\n" + d.of(base64s, 64) + "\n-----END CERTIFICATE-----\n-----BEGIN PUBLIC KEY-----\n" + d.of(base64s, 64) + "\n-----END PUBLIC KEY-----"
	}},
	{"numbers", func(d dice) any {
		return fmt.Sprintf("order %d, 1%s ns, ISBN 978-3-16-148410-%d, +49 30 %s, IBAN-like DE%s, 0.%s, %d items", d.IntN(1e9), d.of(numerals, 18),
			d.IntN(10), d.of(numerals, 7), d.of(numerals, 8), d.of(numerals, 16), d.IntN(50))
	}},
	{"dates", func(d dice) any {
		return map[string]any{"startedAt": "2026-11-22T16:08:08.809Z", "day": fmt.Sprintf("2026-%02d-%02d", 1+d.IntN(12), 1+d.IntN(28)), "took": "1h2m3.5s", "unixMicro": fmt.Sprint(1763827688000000 + d.Int64N(1e12))}
	}},
	{"code", func(d dice) any {
		return "func Keys[K comparable](m map[K]V) []K {\n\tkeys := make([]K, 0, len(m)) // sk_buff, npm_config_registry, re_compile_pattern_2\n" +
			"\tif x == 0x" + d.of(hexits, 16) + " { return nil }\n\tpassword := getPassword(); token = next(token)\n}\nconst apiKey = loadFromKeychain(service, account)\n"
	}},
	{"packages", func(d dice) any {
		return `{"name":"@scope/pkg","resolved":"https://registry.npmjs.org/pkg/-/pkg-` + d.of(numerals, 1) + `.2.3.tgz","integrity":"sha512-` + d.of(base64s, 86) + `==","dependencies":{"xai-sdk":"^1.0.0","npm_run":"*"}}`
	}},
	{"a table", func(d dice) any {
		return "| name | tokens |\n|------|-------:|\n| plan | " + d.of(numerals, 4) + " |\n---\n-- \n- one\n- two_three_four\n\n==========\nTotal: 12.5 %"
	}},
	{"tool calls", func(d dice) any {
		return map[string]any{"id": "call_" + d.of(alnums, 24), "type": "function", "function": map[string]any{"name": "search_places", "arguments": `{"city":"Lisbon","limit":5}`},
			"responseId": "chatcmpl-" + d.of(alnums, 29), "message": "msg_" + d.of(alnums, 24), "run": "run_" + d.of(alnums, 24), "file": "file-" + d.of(alnums, 22)}
	}},
	{"public keys of providers", func(d dice) any {
		return "pk_live_ is public, ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + d.of(base64s, 43) + " me@host; AC" + d.of(hexits, 32) + " is an account; arn:aws:iam::" + d.of(numerals, 12) + ":role/AROA" + d.of(capitals, 4)
	}},
	{"capitals", func(d dice) any {
		return "ASIAN MARKETS ROSE; KIAS SKY TASK SKELETON SKU-" + d.of(capitals+numerals, 8) + " SG.1 AIMS Q3 JOB BASIC BEARER SKIP"
	}},
	{"other languages", func(d dice) any {
		return d.pick("Der Schlüssel liegt unter der Fußmatte: Passwort-Manager-Empfehlung für Anfänger.", "パスワードは秘密です。トークン数は1,234です。",
			"Ключ от квартиры — секрет; токен: нет.", "密码学入门：密钥与令牌 🔑🗝️", "La clé d’API se trouve à l’adresse habituelle.")
	}},
	{"paths", func(d dice) any {
		return `C:\new\table\sk-tools\readme.txt and /home/me/.config/key-store/` + d.of(hexits, 8) + `/token_cache.json, s3://bucket/prefix/part-00000-` + d.uuid() + `.snappy.parquet`
	}},
	{"a stack", func(d dice) any {
		return "Error: 401 invalid x-api-key\n    at Object.<anonymous> (/app/node_modules/ai-sdk/dist/index.js:1024:17)\n    at async run (file:///app/src/agent.ts:42:9)\ngoroutine 17 [running]:\nmain.(*T).key(0xc000" + d.of(hexits, 6) + ")"
	}},
	{"a page token", func(d dice) any {
		return map[string]any{"nextPageToken": encoded(`{"after":` + d.of(numerals, 6) + `,"dir":"asc"}`), "cursor": d.of(base64s, 24) + "=="}
	}},
}

func negatives() []sample {
	d := dice{rand.New(rand.NewPCG(33, 44))}
	var all []sample
	for range 40 {
		for _, h := range harmless {
			v := h.text(d)
			if text, ok := v.(string); ok {
				w := wrappers[len(all)%len(wrappers)]
				all = append(all, sample{h.about + ", " + w.about, toValue(w.value(text)), nil})
				continue
			}
			all = append(all, sample{h.about, toValue(v), nil})
		}
	}
	return all
}

func TestRedactCorpusFalsePositives(t *testing.T) {
	r := redactor(t, stages.RedactConfig{})
	samples := negatives()
	wrong := 0
	for _, s := range samples {
		if got := r.Value(s.value, ""); got != s.value {
			wrong++
			t.Logf("%s: %s became %s", s.about, s.value, got)
		}
	}
	share := float64(wrong) / float64(len(samples))
	t.Logf("%d samples without secrets, %d changed: false positives %.2f %%", len(samples), wrong, 100*share)
	if share > 0.005 || len(samples) < 500 {
		t.Errorf("false positives %.4f of %d samples", share, len(samples))
	}
}
