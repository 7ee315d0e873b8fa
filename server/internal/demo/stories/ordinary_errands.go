package stories

import "time"

// services are those of a company that sells bicycles, and what they are asked on a day.
var services = []service{
	{
		name: "support-bot", agent: "support-agent", release: "2026.11.3", prompt: "v12", tags: []string{"web"}, model: gpt41Mini, run: runAgent,
		instructions: "You are the support agent of a shop for bicycles. Be brief and kind.",
		errands: []errand{
			{"Where is my order 58107?", "find-order", `{"orderId":58107}`, `{"status":"shipped","carrier":"DHL","eta":"2026-11-25"}`, "It was shipped on Friday and should arrive on **25 November**.", 9, 140 * time.Millisecond, false},
			{"Can I change the delivery address of order 58290? I have moved.", "find-order", `{"orderId":58290}`, `{"status":"packed","changeable":true}`, "Yes, it has not left yet. Which address shall I put in?", 9, 120 * time.Millisecond, false},
			{"The brakes of my new bike squeak. Is that normal?", "search-help", `{"query":"squeaking disc brakes new"}`, `{"articles":[{"id":"brakes-3","title":"Bedding in disc brakes"}]}`, "New pads do squeak at first. Brake hard from 25 km/h about twenty times and it should stop.", 14, 260 * time.Millisecond, true},
			{"Do you have the Trailhead 29 in size L?", "check-stock", `{"sku":"TRAILHEAD-29","size":"L"}`, `{"stock":3,"store":"Utrecht"}`, "Three are left in Utrecht, and we can send one today.", 8, 90 * time.Millisecond, false},
			{"How do I return a helmet that does not fit?", "search-help", `{"query":"return helmet"}`, `{"articles":[{"id":"returns-1","title":"Returns"}]}`, "Print the label from *My orders* and bring the box to any parcel shop within 30 days.", 12, 230 * time.Millisecond, true},
			{"I was charged twice for order 57944!", "find-order", `{"orderId":57944}`, `{"charges":[{"amount":64.9,"status":"captured"},{"amount":64.9,"status":"voided"}]}`, "One of the two was voided the same day; it disappears from your statement within 3 days.", 11, 170 * time.Millisecond, false},
			{"Ist der Anhänger Kargo auch für Kinder zugelassen?", "search-help", `{"query":"Kargo trailer children"}`, `{"articles":[{"id":"kargo-2","title":"Kargo: what it may carry"}]}`, "Nein, der Kargo ist nur für Lasten. Für Kinder gibt es den *Kargo Kids*.", 12, 240 * time.Millisecond, true},
		},
	},
	{
		name: "research-agent", agent: "research-agent", release: "2026.10.9", prompt: "v9", tags: []string{"deep"}, model: sonnet, run: runAgent,
		instructions: "You answer with figures and their sources. If sources disagree, say so.",
		errands: []errand{
			{"Compare the resale value of e-bikes after two years by brand.", "search", `{"q":"e-bike resale value two years brand"}`, `{"hits":[{"title":"Used bike index 2026"},{"title":"What an e-bike is worth"}]}`, "Between **48 % and 61 %** of the price. The index of 2026 puts Northwind first with 61 %, a dealer survey 57 %.", 44, 1400 * time.Millisecond, false},
			{"Which EU countries subsidise cargo bikes, and by how much?", "search", `{"q":"cargo bike subsidy EU 2026"}`, `{"hits":[{"title":"Subsidies by country"}]}`, "Six do at national level, from 400 to 2,500 EUR. France pays most for companies, Austria for families.", 52, 1700 * time.Millisecond, true},
			{"Summarise what reviewers say about the Trailhead 29.", "search", `{"q":"Trailhead 29 review"}`, `{"hits":[{"title":"Trailhead 29 tested"},{"title":"A month on the Trailhead"}]}`, "- light and quick uphill\n- brakes good, pads wear early\n- saddle too hard, say four of six", 61, 1900 * time.Millisecond, false},
			{"Find three suppliers of recycled aluminium tubes in Europe.", "search", `{"q":"recycled aluminium tube supplier Europe"}`, `{"hits":[{"title":"Tubes directory"}]}`, "1. Norrmetall (SE)\n2. Alutubi (IT)\n3. Rohrwerk Lahn (DE)", 38, 1300 * time.Millisecond, false},
		},
	},
	{
		name: "billing-agent", agent: "billing-agent", release: "2026.11.3", prompt: "v7", tags: []string{"internal"}, model: gpt41, run: runAgent,
		instructions: "You help the people of the billing department. Amounts are in EUR.",
		errands: []errand{
			{"Which invoices of last week are still open?", "find-invoices", `{"week":47,"status":"open"}`, `{"open":4,"total":3152.7}`, "Four, 3,152.70 EUR in all. The largest is 2026-1118 of 1,980.00 EUR.", 16, 210 * time.Millisecond, false},
			{"Did Hotel Seeblick pay 2026-1090?", "find-invoices", `{"invoice":"2026-1090"}`, `{"paid":"2026-11-19"}`, "Yes, on 19 November.", 15, 150 * time.Millisecond, false},
			{"Make a credit note for the double charge of order 57944.", "credit-note", `{"orderId":57944,"amount":64.9}`, `{"creditNote":"CN-2026-031"}`, "Done: CN-2026-031 of 64.90 EUR.", 17, 420 * time.Millisecond, true},
			{"Forecast cash for the next four weeks.", "forecast", `{"weeks":4}`, `{"weeks":[41200,38900,52100,47700]}`, "| week | EUR |\n|---|---:|\n| 48 | 41,200 |\n| 49 | 38,900 |\n| 50 | 52,100 |\n| 51 | 47,700 |", 21, 2300 * time.Millisecond, false},
			{"What VAT applies to a repair for a customer in Norway?", "", "", "", "None of ours: it is an export. Keep the customs form with the invoice.", 14, 0, false},
		},
	},
	{
		name: "travel-api", agent: "travel-agent", release: "2026.11.3", prompt: "v4", tags: []string{"mobile"}, model: geminiPro, run: runAgent,
		instructions: "You plan bicycle trips by train. Only offer trains that take bicycles.",
		errands: []errand{
			{"Plan a weekend by train and bike from Basel, nothing steep.", "find-trains", `{"from":"Basel","bikes":true,"days":2}`, `{"trains":[{"to":"Strasbourg","takes":"1h20"}]}`, "Take the 08:20 to Strasbourg and ride the Rhine path back in two days, 140 km and flat.", 24, 900 * time.Millisecond, true},
			{"How do I get two bikes from Utrecht to Lyon?", "find-trains", `{"from":"Utrecht","to":"Lyon","bikes":2}`, `{"trains":[{"via":"Brussels"},{"via":"Paris"}]}`, "By Brussels and Paris in 7 h 40; both need a bicycle ticket. In Paris you change stations, 20 minutes by bike.", 26, 1100 * time.Millisecond, false},
			{"Is there a night train to Vienna that takes bikes?", "find-trains", `{"to":"Vienna","night":true,"bikes":1}`, `{"trains":[{"from":"Zurich","number":"NJ 467"}]}`, "NJ 467 from Zurich at 21:40 does, if you reserve.", 20, 800 * time.Millisecond, false},
		},
	},
	{
		name: "checkout-api", agent: "checkout", release: "2026.11.2", prompt: "v2", tags: []string{"web"}, model: geminiFlash, run: runCheckout,
		instructions: "You judge whether an order is fraud. Answer with a risk from 0 to 1 and a reason.",
		errands: []errand{
			{"", "", `{"orderId":58301,"total":64.9,"currency":"EUR","items":2}`, `{"risk":0.02}`, "Risk 0.02: a customer since 2019, usual address.", 5, 380 * time.Millisecond, false},
			{"", "", `{"orderId":58302,"total":2499,"currency":"EUR","items":1}`, `{"risk":0.31}`, "Risk 0.31: a first order of a dear bicycle, but the address fits the card.", 5, 640 * time.Millisecond, false},
			{"", "", `{"orderId":58303,"total":18.5,"currency":"CHF","items":3}`, `{"risk":0.01}`, "Risk 0.01: small, and paid like the nine before.", 5, 350 * time.Millisecond, false},
		},
	},
	{
		name: "docs-indexer", agent: "index-document", release: "2026.11.2", tags: []string{"batch"}, model: geminiFlash, run: runIndexer,
		instructions: "Sum the document up in one sentence.",
		errands: []errand{
			{"manuals/trailhead-29.pdf", "", `{"document":"manuals/trailhead-29.pdf","pages":48}`, `{"chunks":96,"stored":true}`, "How to set up, ride and maintain the Trailhead 29.", 96, 180 * time.Millisecond, false},
			{"policies/returns.md", "", `{"document":"policies/returns.md","pages":2}`, `{"chunks":5,"stored":true}`, "What may be returned, by when, and who pays.", 16, 12 * time.Millisecond, false},
			{"contracts/nordlicht-2026.pdf", "", `{"document":"contracts/nordlicht-2026.pdf","pages":14}`, `{"chunks":31,"stored":true}`, "Prices and terms of the supplier Nordlicht for 2026.", 40, 90 * time.Millisecond, false},
		},
	},
}
