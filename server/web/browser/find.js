// Evaluated in the page as the start of a function: what is found by which text, in the order of the document.
const squash = s => (s ?? '').replace(/\s+/g, ' ').trim()

function find(what) {
	const [, kind, some, rest] = /^(text|role)(\*?)=(.*)$/s.exec(what) ?? []
	if (!kind) return [...document.querySelectorAll(what)]
	const fits = (text, want) => some ? squash(text).includes(want) : squash(text) === want
	const all = [...document.querySelectorAll('body *')].filter(e => !e.closest('script, style'))
	if (kind === 'role') {
		const [, role, name] = /^(\S+) ?(.*)$/s.exec(rest) ?? []
		return all.filter(e => e.computedRole === role && (!name || fits(e.computedName, name)))
	}
	const fitting = new Set(all.filter(e => fits(e.textContent, rest)))
	for (const e of [...fitting]) for (let up = e.parentElement; up; up = up.parentElement) fitting.delete(up)
	return [...fitting]
}

function visible(e) {
	const { width, height } = e.getBoundingClientRect()
	return width > 0 && height > 0 && e.checkVisibility({ visibilityProperty: true })
}

const seen = what => find(what).filter(visible)
