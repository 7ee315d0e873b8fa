package stages

// form is what the letters behind a prefix have to be like.
type form uint8

const (
	long  form = iota // min letters or more: the prefix says it all
	mixed             // and not like words, see random
	exact             // min letters and no more
)

// lead is the beginning of the keys of a provider.
type lead struct {
	prefix string
	at     int // of the trigger in prefix
	kind   string
	set    uint8 // what the letters behind it are
	min    int   // how many there are at least
	form   form
}

// leadList is by provider. A key is of the first kind that fits. Min is less than what is given out today wherever the
// prefix leaves no doubt, so that keys that were cut are found as well.
var leadList = []lead{
	// Models.
	{prefix: "sk-ant-", at: 2, kind: "ANTHROPIC", set: urlish, min: 20, form: mixed},
	{prefix: "sk-or-", at: 2, kind: "OPENROUTER", set: urlish, min: 20, form: mixed},
	{prefix: "sk-lf-", at: 2, kind: "LANGFUSE", set: urlish, min: 20, form: mixed},
	{prefix: "sk-", at: 2, kind: "OPENAI", set: urlish, min: 20, form: mixed},
	{prefix: "sess-", at: 4, kind: "OPENAI", set: alnum, min: 40, form: mixed},
	{prefix: "AIza", at: 2, kind: "GOOGLE", set: urlish, min: 30, form: long},
	{prefix: "AQ.", at: 2, kind: "GOOGLE", set: urlish, min: 40, form: mixed},
	{prefix: "GOCSPX-", at: 6, kind: "GOOGLE", set: urlish, min: 20, form: long},
	{prefix: "ya29.", at: 4, kind: "GOOGLE", set: urlish | dot, min: 30, form: long},
	{prefix: "gsk_", at: 3, kind: "GROQ", set: alnum, min: 32, form: long},
	{prefix: "xai-", at: 3, kind: "XAI", set: alnum, min: 40, form: long},
	{prefix: "pplx-", at: 4, kind: "PERPLEXITY", set: alnum, min: 32, form: long},
	{prefix: "r8_", at: 2, kind: "REPLICATE", set: alnum, min: 37, form: exact},
	{prefix: "hf_", at: 2, kind: "HUGGINGFACE", set: alnum, min: 30, form: long},
	{prefix: "api_org_", at: 3, kind: "HUGGINGFACE", set: alnum, min: 30, form: long},
	{prefix: "nvapi-", at: 5, kind: "NVIDIA", set: urlish, min: 40, form: long},
	{prefix: "fw_", at: 2, kind: "FIREWORKS", set: alnum, min: 20, form: mixed},
	{prefix: "tgp_v1_", at: 3, kind: "TOGETHER", set: urlish, min: 30, form: long},
	{prefix: "csk-", at: 3, kind: "CEREBRAS", set: alnum, min: 32, form: long},
	{prefix: "pa-", at: 2, kind: "VOYAGE", set: urlish, min: 40, form: mixed},
	{prefix: "jina_", at: 4, kind: "JINA", set: urlish, min: 40, form: long},
	{prefix: "llx-", at: 3, kind: "LLAMAINDEX", set: alnum, min: 40, form: long},
	{prefix: "sk_", at: 2, kind: "ELEVENLABS", set: hexit, min: 48, form: exact},
	{prefix: "vck_", at: 3, kind: "VERCEL", set: alnum, min: 30, form: long},

	// What agents use.
	{prefix: "mst_", at: 3, kind: "MASTRA", set: urlish, min: 16, form: mixed},
	{prefix: "lsv2_pt_", at: 4, kind: "LANGSMITH", set: alnum | dash, min: 32, form: long},
	{prefix: "lsv2_sk_", at: 4, kind: "LANGSMITH", set: alnum | dash, min: 32, form: long},
	{prefix: "ls__", at: 2, kind: "LANGSMITH", set: hexit, min: 32, form: exact},
	{prefix: "tvly-", at: 4, kind: "TAVILY", set: urlish, min: 20, form: mixed},
	{prefix: "fc-", at: 2, kind: "FIRECRAWL", set: hexit, min: 32, form: exact},
	{prefix: "pcsk_", at: 4, kind: "PINECONE", set: urlish, min: 40, form: long},
	{prefix: "e2b_", at: 3, kind: "E2B", set: hexit, min: 40, form: exact},
	{prefix: "bb_live_", at: 2, kind: "BROWSERBASE", set: urlish, min: 20, form: mixed},
	{prefix: "apify_api_", at: 5, kind: "APIFY", set: alnum, min: 30, form: long},
	{prefix: "m0-", at: 2, kind: "MEM0", set: alnum, min: 36, form: mixed},
	{prefix: "tr_dev_", at: 2, kind: "TRIGGER", set: alnum, min: 20, form: long},
	{prefix: "tr_prod_", at: 2, kind: "TRIGGER", set: alnum, min: 20, form: long},
	{prefix: "signkey-", at: 7, kind: "INNGEST", set: urlish, min: 32, form: mixed},

	// Clouds.
	{prefix: "AKIA", at: 1, kind: "AWS", set: alnum, min: 16, form: exact},
	{prefix: "ASIA", at: 1, kind: "AWS", set: alnum, min: 16, form: exact},
	{prefix: "ABSK", at: 3, kind: "AWS", set: any64, min: 80, form: long},
	{prefix: "dop_v1_", at: 3, kind: "DIGITALOCEAN", set: hexit, min: 40, form: long},
	{prefix: "doo_v1_", at: 3, kind: "DIGITALOCEAN", set: hexit, min: 40, form: long},
	{prefix: "dor_v1_", at: 3, kind: "DIGITALOCEAN", set: hexit, min: 40, form: long},
	{prefix: "fo1_", at: 3, kind: "FLY", set: urlish, min: 40, form: long},
	{prefix: "fm2_", at: 3, kind: "FLY", set: any64 | dash, min: 40, form: long},
	{prefix: "HRKU-", at: 4, kind: "HEROKU", set: urlish, min: 32, form: long},
	{prefix: "nfp_", at: 3, kind: "NETLIFY", set: alnum, min: 32, form: long},
	{prefix: "vercel_blob_rw_", at: 6, kind: "VERCEL", set: urlish, min: 30, form: long},
	{prefix: "pul-", at: 3, kind: "PULUMI", set: hexit, min: 40, form: exact},
	{prefix: "hvs.", at: 3, kind: "VAULT", set: urlish, min: 24, form: long},
	{prefix: "hvb.", at: 3, kind: "VAULT", set: urlish, min: 24, form: long},
	{prefix: "hvr.", at: 3, kind: "VAULT", set: urlish, min: 24, form: long},
	{prefix: "dp.pt.", at: 2, kind: "DOPPLER", set: alnum, min: 40, form: long},
	{prefix: "dp.st.", at: 2, kind: "DOPPLER", set: urlish | dot, min: 40, form: long},
	{prefix: "tskey-", at: 5, kind: "TAILSCALE", set: urlish, min: 20, form: mixed},
	{prefix: "AGE-SECRET-KEY-1", at: 3, kind: "AGE", set: alnum, min: 50, form: long},

	// Code.
	{prefix: "ghp_", at: 3, kind: "GITHUB", set: alnum, min: 30, form: long},
	{prefix: "gho_", at: 3, kind: "GITHUB", set: alnum, min: 30, form: long},
	{prefix: "ghu_", at: 3, kind: "GITHUB", set: alnum, min: 30, form: long},
	{prefix: "ghs_", at: 3, kind: "GITHUB", set: alnum, min: 30, form: long},
	{prefix: "ghr_", at: 3, kind: "GITHUB", set: alnum, min: 30, form: long},
	{prefix: "github_pat_", at: 6, kind: "GITHUB", set: alnum | dash, min: 40, form: long},
	{prefix: "glpat-", at: 5, kind: "GITLAB", set: urlish | dot, min: 20, form: mixed},
	{prefix: "gldt-", at: 4, kind: "GITLAB", set: urlish, min: 20, form: mixed},
	{prefix: "glrt-", at: 4, kind: "GITLAB", set: urlish | dot, min: 20, form: mixed},
	{prefix: "glptt-", at: 5, kind: "GITLAB", set: urlish, min: 20, form: mixed},
	{prefix: "glcbt-", at: 5, kind: "GITLAB", set: urlish, min: 20, form: mixed},
	{prefix: "glft-", at: 4, kind: "GITLAB", set: urlish, min: 20, form: mixed},
	{prefix: "glsoat-", at: 6, kind: "GITLAB", set: urlish, min: 20, form: mixed},
	{prefix: "glagent-", at: 7, kind: "GITLAB", set: urlish, min: 20, form: mixed},
	{prefix: "npm_", at: 3, kind: "NPM", set: alnum, min: 36, form: exact},
	{prefix: "pypi-", at: 4, kind: "PYPI", set: urlish, min: 50, form: mixed},
	{prefix: "rubygems_", at: 8, kind: "RUBYGEMS", set: hexit, min: 40, form: long},
	{prefix: "dckr_pat_", at: 4, kind: "DOCKER", set: urlish, min: 20, form: mixed},
	{prefix: "dckr_oat_", at: 4, kind: "DOCKER", set: urlish, min: 20, form: mixed},
	{prefix: "bkua_", at: 4, kind: "BUILDKITE", set: hexit, min: 40, form: exact},
	{prefix: "CCIPAT_", at: 6, kind: "CIRCLECI", set: urlish, min: 40, form: mixed},
	{prefix: "sgp_", at: 3, kind: "SOURCEGRAPH", set: alnum | dash, min: 40, form: mixed},
	{prefix: "squ_", at: 3, kind: "SONARQUBE", set: hexit, min: 40, form: exact},
	{prefix: "sqp_", at: 3, kind: "SONARQUBE", set: hexit, min: 40, form: exact},
	{prefix: "sqa_", at: 3, kind: "SONARQUBE", set: hexit, min: 40, form: exact},
	{prefix: "AKCp", at: 1, kind: "JFROG", set: alnum, min: 60, form: long},
	{prefix: "PMAK-", at: 4, kind: "POSTMAN", set: urlish, min: 50, form: long},

	// Data and monitoring.
	{prefix: "sbp_", at: 3, kind: "SUPABASE", set: hexit, min: 40, form: exact},
	{prefix: "sb_secret_", at: 2, kind: "SUPABASE", set: urlish, min: 20, form: mixed},
	{prefix: "pscale_tkn_", at: 6, kind: "PLANETSCALE", set: urlish | dot, min: 30, form: long},
	{prefix: "pscale_pw_", at: 6, kind: "PLANETSCALE", set: urlish | dot, min: 30, form: long},
	{prefix: "pscale_oauth_", at: 6, kind: "PLANETSCALE", set: urlish | dot, min: 30, form: long},
	{prefix: "napi_", at: 4, kind: "NEON", set: alnum, min: 40, form: long},
	{prefix: "glsa_", at: 4, kind: "GRAFANA", set: alnum | dash, min: 32, form: mixed},
	{prefix: "glc_", at: 3, kind: "GRAFANA", set: any64, min: 32, form: mixed},
	{prefix: "sntrys_", at: 6, kind: "SENTRY", set: any64 | dash, min: 40, form: mixed},
	{prefix: "sntryu_", at: 6, kind: "SENTRY", set: hexit, min: 40, form: long},
	{prefix: "NRAK-", at: 4, kind: "NEWRELIC", set: alnum, min: 24, form: long},
	{prefix: "phx_", at: 3, kind: "POSTHOG", set: urlish, min: 32, form: mixed},
	{prefix: "dt0c01.", at: 6, kind: "DYNATRACE", set: urlish | dot, min: 40, form: long},

	// Messages, money, work.
	{prefix: "xoxb-", at: 4, kind: "SLACK", set: urlish, min: 20, form: mixed},
	{prefix: "xoxp-", at: 4, kind: "SLACK", set: urlish, min: 20, form: mixed},
	{prefix: "xoxa-", at: 4, kind: "SLACK", set: urlish, min: 20, form: mixed},
	{prefix: "xoxr-", at: 4, kind: "SLACK", set: urlish, min: 20, form: mixed},
	{prefix: "xoxs-", at: 4, kind: "SLACK", set: urlish, min: 20, form: mixed},
	{prefix: "xoxo-", at: 4, kind: "SLACK", set: urlish, min: 20, form: mixed},
	{prefix: "xoxc-", at: 4, kind: "SLACK", set: urlish, min: 20, form: mixed},
	{prefix: "xoxd-", at: 4, kind: "SLACK", set: urlish | dot, min: 20, form: mixed},
	{prefix: "xoxe-", at: 4, kind: "SLACK", set: urlish, min: 20, form: mixed},
	{prefix: "xapp-", at: 4, kind: "SLACK", set: urlish, min: 20, form: mixed},
	{prefix: "hooks.slack.com/services/T", at: 5, kind: "SLACK", set: urlish | base, min: 20, form: long},
	{prefix: "SG.", at: 2, kind: "SENDGRID", set: urlish | dot, min: 50, form: mixed},
	{prefix: "xkeysib-", at: 7, kind: "BREVO", set: urlish, min: 60, form: long},
	{prefix: "SK", at: 1, kind: "TWILIO", set: hexit, min: 32, form: exact},
	{prefix: "key-", at: 3, kind: "MAILGUN", set: hexit, min: 32, form: exact},
	{prefix: "re_", at: 2, kind: "RESEND", set: alnum | dash, min: 30, form: mixed},
	{prefix: "sk_live_", at: 2, kind: "STRIPE", set: alnum, min: 16, form: mixed},
	{prefix: "sk_test_", at: 2, kind: "STRIPE", set: alnum, min: 16, form: mixed},
	{prefix: "rk_live_", at: 2, kind: "STRIPE", set: alnum, min: 16, form: mixed},
	{prefix: "rk_test_", at: 2, kind: "STRIPE", set: alnum, min: 16, form: mixed},
	{prefix: "whsec_", at: 5, kind: "STRIPE", set: any64, min: 24, form: mixed},
	{prefix: "sq0atp-", at: 6, kind: "SQUARE", set: urlish, min: 22, form: long},
	{prefix: "sq0csp-", at: 6, kind: "SQUARE", set: urlish, min: 40, form: long},
	{prefix: "shpat_", at: 5, kind: "SHOPIFY", set: hexit, min: 32, form: exact},
	{prefix: "shpca_", at: 5, kind: "SHOPIFY", set: hexit, min: 32, form: exact},
	{prefix: "shppa_", at: 5, kind: "SHOPIFY", set: hexit, min: 32, form: exact},
	{prefix: "shpss_", at: 5, kind: "SHOPIFY", set: hexit, min: 32, form: exact},
	{prefix: "shippo_live_", at: 6, kind: "SHIPPO", set: hexit, min: 40, form: exact},
	{prefix: "ATATT3xFfGF0", at: 9, kind: "ATLASSIAN", set: any64 | dash, min: 40, form: long},
	{prefix: "ntn_", at: 3, kind: "NOTION", set: alnum, min: 40, form: long},
	{prefix: "secret_", at: 6, kind: "NOTION", set: alnum, min: 43, form: exact},
	{prefix: "lin_api_", at: 3, kind: "LINEAR", set: alnum, min: 32, form: long},
	{prefix: "lin_oauth_", at: 3, kind: "LINEAR", set: alnum, min: 32, form: long},
	{prefix: "figd_", at: 4, kind: "FIGMA", set: urlish, min: 32, form: mixed},
	{prefix: "CFPAT-", at: 5, kind: "CONTENTFUL", set: urlish, min: 40, form: long},
	{prefix: "tfp_", at: 3, kind: "TYPEFORM", set: urlish, min: 40, form: mixed},
	{prefix: "ops_eyJ", at: 3, kind: "ONEPASSWORD", set: urlish | base, min: 60, form: long},
}

// leads has the list by the trigger of a prefix and the byte before that.
var leads = func() (byTrigger [256]*[128][]lead) {
	for _, l := range leadList {
		trigger, before := l.prefix[l.at], l.prefix[l.at-1]
		if byTrigger[trigger] == nil {
			byTrigger[trigger] = new([128][]lead)
		}
		byTrigger[trigger][before] = append(byTrigger[trigger][before], l)
	}
	return byTrigger
}()
