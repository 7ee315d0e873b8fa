// The graph: a box for each stage, in columns (or rows, where there is no room for columns) by its distance from the sources.

const box = { width: 196, height: 140, gap: 34, beside: 20, inner: 172, margin: 14 };

/** How far each stage is from the sources. Dead letters are made before what fails, so one pass is not enough. */
function ranksOf(stages) {
	const rank = new Map(stages.map((s) => [s.name, 0]));
	for (let pass = 0; pass < stages.length; pass++) {
		for (const s of stages) rank.set(s.name, Math.max(0, ...s.from.map((name) => Math.min((rank.get(name) ?? -1) + 1, stages.length))));
	}
	return rank;
}

/** The ranks as rows of nodes: stages, and a node without one wherever a link passes a rank by. */
function rowsOf(stages) {
	const rank = ranksOf(stages);
	const nodes = new Map(stages.map((stage) => [stage.name, { stage, from: [] }]));
	const rows = [];
	const put = (node, r) => (rows[r] ??= []).push(node);
	for (const s of stages) {
		const node = nodes.get(s.name);
		put(node, rank.get(s.name));
		for (const name of s.from) {
			let above = nodes.get(name);
			if (!above) continue;
			for (let r = rank.get(name) + 1; r < rank.get(s.name); r++) {
				const between = { from: [above] };
				put(between, r);
				above = between;
			}
			node.from.push(above);
		}
	}
	for (const row of rows) { // below what it comes from, so that few links cross
		const side = (node) => (node.from.reduce((sum, above) => sum + above.lane, 0) / node.from.length || 0) + (node.stage?.kind === "dead letters" ? 0.6 : 0);
		row.sort((x, y) => side(x) - side(y));
		row.forEach((node, n) => (node.lane = n - (row.length - 1) / 2));
	}
	return rows;
}

/** Where the nodes are, and how large the whole is: in columns if there is room for them, else in rows. */
function layout(stages, width) {
	const rows = rowsOf(stages);
	const broadest = Math.max(...rows.map((row) => row.length));
	const across = rows.length * (box.width + box.gap) - box.gap + 2 * box.margin <= width;
	const [step, side] = across ? [box.width + box.gap, box.height + box.beside] : [box.height + box.gap, box.width + box.beside];
	const long = rows.length * step - box.gap + 2 * box.margin;
	const broad = broadest * side - box.beside + 2 * box.margin;
	rows.forEach((row, r) => {
		for (const node of row) {
			const down = box.margin + r * step;
			const beside = box.margin + (node.lane + (broadest - 1) / 2) * side;
			Object.assign(node, across ? { x: down, y: beside } : { x: beside, y: down });
		}
	});
	return { nodes: rows.flat(), across, width: across ? long : broad, height: across ? broad : long };
}

/** The line from one node to another, through the latter if it is no stage, and its head. */
function wire(from, to, across) {
	const [w, h] = [box.width, box.height];
	const end = to.stage ? 7 : 0;
	if (across) {
		const [x, y, u, v] = [from.x + w, from.y + h / 2, to.x - end, to.y + h / 2];
		return { path: `M${x} ${y}C${x + 22} ${y} ${u - 22} ${v} ${u} ${v}${to.stage ? "" : `h${w}`}`, head: to.stage ? `M${u - 1} ${v - 5}l8 5-8 5z` : "" };
	}
	const [x, y, u, v] = [from.x + w / 2, from.y + h, to.x + w / 2, to.y - end];
	return { path: `M${x} ${y}C${x} ${y + 22} ${u} ${v - 22} ${u} ${v}${to.stage ? "" : `v${h}`}`, head: to.stage ? `M${u - 5} ${v - 1}l5 8 5-8z` : "" };
}

/** Draws the stages and returns the picture with what shows new figures in it. */
function picture(stages, width, idOf) {
	const plan = layout(stages, width);
	const svg = draw("svg", { width: plan.width, height: plan.height, role: "group", "aria-label": "The stages and what flows between them" });
	const flows = new Map(stages.map((s) => [s.name, []]));
	const boxes = new Map();
	const lines = (node, stage) => node.from.forEach((above) => {
		const line = wire(above, node, plan.across);
		const letters = stage.kind === "dead letters" ? " letters" : "";
		const g = draw("g", {}, draw("path", { class: "wire" + letters, d: line.path }), draw("path", { class: "flow", d: line.path }), draw("path", { class: "head", d: line.head }));
		flows.get(stage.name).push(g);
		svg.append(g);
		if (!above.stage) lines(above, stage);
	});
	for (const node of plan.nodes) {
		if (!node.stage) continue;
		lines(node, node.stage);
		boxes.set(node.stage.name, boxOf(node.stage, node, idOf(stages.indexOf(node.stage))));
	}
	svg.append(...plan.nodes.filter((node) => node.stage).map((node) => boxes.get(node.stage.name).node));
	return {
		node: svg,
		update(next, slow, losses) {
			next.forEach((stage) => {
				boxes.get(stage.name).update(stage, stage.name === slow, losses.filter((l) => l.stage === stage.name));
				for (const flow of flows.get(stage.name)) flow.setAttribute("class", stage.lately.in_per_second > 0 ? "moves" : "");
			});
		},
	};
}

function boxOf(stage, place, id) {
	const text = (y, name = "") => draw("text", { x: 12, y, class: name });
	const bar = (y, name) => draw("rect", { x: 12, y, width: 0, height: 5, rx: 2, class: name });
	const track = (y) => draw("rect", { x: 12, y, width: box.inner, height: 5, rx: 2, class: "track" });
	const t = { kind: text(38, "small"), rates: text(56), queue: text(72, "small"), time: text(93, "small"), late: text(116, "small"), lost: text(132, "lost") };
	const b = { queue: bar(77, "bar"), busy: bar(98, "bar"), blocked: bar(98, "bar blocked") };
	const name = draw("svg", { x: 12, y: 4, width: box.inner, height: 24 }, draw("text", { y: 17, class: "name" }, cut(stage.name, 22), draw("title", {}, stage.name)));
	const g = draw("a", { href: "#" + id, transform: `translate(${place.x} ${place.y})` },
		draw("rect", { width: box.width, height: box.height, rx: 8, class: "box" }),
		name,
		draw("rect", { x: 100, y: -11, width: 86, height: 20, rx: 10, class: "tag" }),
		draw("text", { x: 143, y: 3, "text-anchor": "middle", class: "tag-text" }, "bottleneck"),
		t.kind, t.rates, t.queue, t.time, t.late, t.lost);
	if (stage.size > 0) g.append(track(77), b.queue);
	if (!stage.fused) g.append(track(98), b.busy, b.blocked);
	const state = stage.fused ? "fused" : "";
	return {
		node: g,
		update(s, slow, losses) {
			const pace = s.lately;
			g.setAttribute("class", slow ? state + " slow" : state);
			write(t.kind, s.fused ? `${kind(s)}, same goroutine` : kind(s));
			write(t.rates, `in ${rate(pace.in_per_second)}, out ${rate(pace.out_per_second)}`);
			write(t.queue, s.size > 0 ? `queue ${count(s.size - s.room)} of ${count(s.size)}` : "");
			write(t.time, s.fused ? "" : `busy ${share(pace.busy)}, blocked ${share(pace.blocked)}`);
			write(t.late, s.latency_ns.count > 0 ? `latency p50 ${span(s.latency_ns.p50)}, p99 ${span(s.latency_ns.p99)}` : "");
			write(t.lost, losses.length > 0 ? cut(`lost ${count(lost(s))}: ${losses.map((l) => l.reason).join(", ")}`, 28) : "");
			const fill = s.size > 0 ? (s.size - s.room) / s.size : 0;
			b.queue.setAttribute("width", box.inner * fill);
			b.queue.setAttribute("class", fill >= 1 ? "bar full" : "bar");
			b.busy.setAttribute("width", box.inner * pace.busy);
			b.blocked.setAttribute("x", 12 + box.inner * pace.busy);
			b.blocked.setAttribute("width", box.inner * pace.blocked);
		},
	};
}
