// The same figures as tables, with those that the picture has no room for.

const columns = [
	["Kind", (s) => kind(s)],
	["In /s", (s) => rough(s.lately.in_per_second)],
	["Out /s", (s) => rough(s.lately.out_per_second)],
	["Queue", (s) => (s.size > 0 ? `${count(s.size - s.room)} of ${count(s.size)}` : "–")],
	["Busy", (s) => (s.fused ? "–" : share(s.lately.busy))],
	["Blocked", (s) => (s.fused ? "–" : share(s.lately.blocked))],
	["Blocked in all", (s) => (s.fused ? "–" : span(s.blocked_ns))],
	["p50", (s) => (s.latency_ns.count > 0 ? span(s.latency_ns.p50) : "–")],
	["p99", (s) => (s.latency_ns.count > 0 ? span(s.latency_ns.p99) : "–")],
	["In", (s) => count(s.in)],
	["Out", (s) => count(s.out + s.delivered)],
	["In hand", (s) => count(s.held)],
	["Filtered", (s) => count(s.filtered)],
	["Lost", (s) => count(lost(s))],
	["Restarts", (s) => count(s.restarts)],
];

const scroll = (label, table) => el("div", { class: "scroll", role: "region", "aria-label": label, tabindex: "0" }, table);

const heads = (...names) => el("thead", {}, el("tr", {}, ...names.map((name) => el("th", { scope: "col" }, name))));

function stageTable(stages, name, idOf) {
	const rows = stages.map((stage, i) => {
		const cells = columns.map(() => el("td"));
		const title = el("th", { scope: "row" });
		const row = el("tr", { id: idOf(i) }, title, ...cells);
		return {
			row,
			update(s, slow) {
				row.className = slow ? "slow" : "";
				write(title, slow ? s.name + " (bottleneck)" : s.name);
				columns.forEach(([, show], n) => write(cells[n], show(s)));
			},
		};
	});
	const table = el("table", {}, heads("Stage", ...columns.map(([name]) => name)), el("tbody", {}, ...rows.map((r) => r.row)));
	return {
		node: scroll(`Stages of ${name}`, table),
		update: (next, slow) => next.forEach((s, i) => rows[i].update(s, s.name === slow)),
	};
}

const ledgerColumns = ["accepted", "made", "delivered", "filtered", "dropped", "failed", "abandoned", "spooled", "in_flight", "refused"];

function ledger() {
	const values = ledgerColumns.map(() => el("dd"));
	const pairs = ledgerColumns.map((key, i) => el("div", {}, el("dt", {}, key.replace("_", " ")), values[i]));
	const verdict = el("p", { class: "quiet adds-up" });
	return {
		nodes: [el("dl", {}, ...pairs), verdict],
		update(p) {
			ledgerColumns.forEach((key, i) => write(values[i], count(p.ledger[key])));
			const off = p.balance === 0 ? "It adds up: " : p.at_rest ? `It is off by ${count(p.balance)}, which is a bug: ` : "It is being counted while items move: ";
			verdict.className = p.balance !== 0 && p.at_rest ? "bad adds-up" : "quiet adds-up";
			write(verdict, off + "accepted + made = delivered + filtered + dropped + failed + abandoned + spooled + in flight.");
		},
	};
}

function losses(name) {
	const body = el("tbody");
	const table = scroll(`Losses of ${name}`, el("table", { class: "words losses" }, heads("Stage", "Column", "Reason", "Items"), body));
	const none = el("p", { class: "quiet" }, "Nothing is lost.");
	return {
		nodes: [none, table],
		update(list) {
			none.hidden = list.length > 0;
			table.hidden = list.length === 0;
			while (body.rows.length > list.length) body.lastChild.remove();
			list.forEach((loss, i) => {
				const row = body.rows[i] ?? body.appendChild(el("tr", {}, el("th", { scope: "row" }), el("td"), el("td"), el("td")));
				[loss.stage, loss.column, loss.reason, count(loss.items)].forEach((text, n) => write(row.cells[n], text));
			});
		},
	};
}
