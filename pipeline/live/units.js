// What figures look like, and how elements are made: of text, never of markup.

const number = new Intl.NumberFormat("en");

const count = (n) => number.format(n);

/** 3 digits, and a prefix from a thousand on. */
function rough(n) {
	for (const [size, prefix] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
		if (n >= size) return (n / size).toPrecision(3) + " " + prefix;
	}
	return n >= 100 || n === Math.round(n) ? String(Math.round(n)) : n.toPrecision(2) + " ";
}

const rate = (n) => rough(n).trimEnd() + "/s";

const share = (x) => Math.round(100 * x) + " %";

const bytes = (n) => rough(n).trimEnd() + (n >= 1e3 ? "B" : " B");

function span(ns) {
	for (const [size, unit] of [[3600e9, "h"], [60e9, "min"], [1e9, "s"], [1e6, "ms"], [1e3, "µs"]]) {
		if (ns >= size) {
			const n = ns / size;
			return (n >= 100 ? Math.round(n) : Number(n.toPrecision(2))) + " " + unit;
		}
	}
	return ns + " ns";
}

function make(node, attributes, children) {
	for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
	node.append(...children);
	return node;
}

const el = (name, attributes = {}, ...children) => make(document.createElement(name), attributes, children);

const draw = (name, attributes = {}, ...children) => make(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);

/** Writes only what is new, so that nothing is announced, selected or laid out again without need. */
function write(node, text) {
	if (node.textContent !== text) node.textContent = text;
}

function cut(text, length) {
	const letters = [...text];
	return letters.length > length ? letters.slice(0, length - 1).join("") + "…" : text;
}

const lost = (stage) => stage.dropped + stage.failed + stage.abandoned;

const kind = (stage) => (stage.workers > 1 ? `${stage.kind} × ${stage.workers}` : stage.kind);
