// The page asks for the figures each second while it can be seen, and says so when nobody answers.

const every = 1000;
const patience = 4000;

const main = document.getElementById("pipelines");
const when = document.getElementById("when");
const silent = document.getElementById("silent");
const said = document.getElementById("said");
const pause = document.getElementById("pause");
document.getElementById("json").href += location.search;

const clock = (date) => date.toTimeString().slice(0, 8);
const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1) + ".";

const states = {
	new: () => "The run has not begun.",
	running: (p) => sentence(p.bottleneck.text) + (p.bottleneck.limit === "none" && p.ledger.in_flight > 0 ? ` ${count(p.ledger.in_flight)} in flight.` : ""),
	draining: (p) => `Draining: ${count(p.ledger.in_flight)} in flight. ` + sentence(p.bottleneck.text),
	ended: (p) => `The run has ended after ${span(p.elapsed_ns)}.`,
};

const shapeOf = (p) => JSON.stringify(p.stages.map((s) => [s.name, s.kind, s.from, s.fused, s.workers, s.size]));

/** One pipeline on the page. */
function view(p, number) {
	const idOf = (i) => `p${number}-s${i}`;
	const title = el("h2", {}, p.name);
	const state = el("p", { class: "state" });
	const facts = el("p", { class: "quiet" });
	const verdict = el("p", { class: "verdict" });
	const graph = el("div", { class: "picture" });
	const table = stageTable(p.stages, p.name, idOf);
	const account = ledger();
	const lossesTable = losses(p.name);
	const node = el("section", { "aria-label": p.name }, el("div", { class: "head" }, title, state, facts), verdict, graph,
		el("h3", {}, "Ledger, in items"), ...account.nodes, el("h3", {}, "Losses"), ...lossesTable.nodes, el("h3", {}, "Stages"), table.node);
	let drawn, drawnFor, latest = p, told;
	const paint = () => {
		const width = Math.max(graph.clientWidth, 1);
		if (drawnFor !== width) {
			const there = [...graph.querySelectorAll("a")].indexOf(document.activeElement);
			drawn = picture(latest.stages, width, idOf);
			drawnFor = width;
			graph.replaceChildren(drawn.node);
			if (there >= 0) graph.querySelectorAll("a")[there].focus();
		}
		drawn.update(latest.stages, slowOf(latest), latest.losses);
	};
	new ResizeObserver(paint).observe(graph);
	return {
		node, shape: shapeOf(p),
		update(next) {
			latest = next;
			const b = next.bottleneck;
			write(state, next.state);
			state.className = "state " + next.state;
			write(facts, [
				next.state !== "new" && "for " + span(next.elapsed_ns),
				next.max_bytes > 0 && `${bytes(next.bytes)} in flight of a budget of ${bytes(next.max_bytes)}`,
				next.dead_letters.accepted > 0 && `${count(next.dead_letters.accepted)} dead letters`,
			].filter(Boolean).join(", "));
			verdict.className = "verdict " + b.limit;
			write(verdict, states[next.state](next));
			account.update(next);
			lossesTable.update(next.losses);
			table.update(next.stages, slowOf(next));
			paint();
			const news = [next.state, b.limit, b.stage, b.stalled].join();
			if (told !== undefined && told !== news) write(said, `${next.name}: ${states[next.state](next)}`);
			told = news;
		},
	};
}

const slowOf = (p) => (p.bottleneck.limit === "stage" ? p.bottleneck.stage : undefined);

let views = [];

function show(report) {
	const same = views.length === report.pipelines.length && report.pipelines.every((p, i) => shapeOf(p) === views[i].shape);
	if (!same) {
		views = report.pipelines.map(view);
		main.replaceChildren(...views.map((v) => v.node));
		if (views.length === 0) main.replaceChildren(el("p", {}, "There is no pipeline here."));
	}
	report.pipelines.forEach((p, i) => views[i].update(p));
}

let answered, timer, asking = false, paused = false;

async function ask() {
	clearTimeout(timer);
	if (asking || paused || document.hidden) return;
	asking = true;
	let report, trouble;
	try {
		const answer = await fetch("stats.json" + location.search, { cache: "no-store", signal: AbortSignal.timeout(patience) });
		if (answer.ok) report = await answer.json();
		else trouble = `The process refuses the figures, with status ${answer.status}.`;
	} catch {
		trouble = "The process does not answer. It may have ended, or hang.";
	}
	asking = false;
	timer = setTimeout(ask, every);
	if (report) {
		answered = new Date();
		show(report);
		tell("");
	} else {
		tell(trouble + (answered ? ` What is here is of ${clock(answered)}.` : ""));
	}
}

function tell(trouble) {
	write(silent, trouble);
	document.body.classList.toggle("stale", trouble !== "");
	write(when, paused ? "Paused" : answered ? "As of " + clock(answered) : "Nothing has come yet");
}

pause.addEventListener("click", () => {
	paused = !paused;
	pause.setAttribute("aria-pressed", String(paused));
	write(when, paused ? "Paused at " + clock(answered ?? new Date()) : "Asking for the figures");
	ask();
});
document.addEventListener("visibilitychange", ask);
ask();
