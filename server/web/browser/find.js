// Evaluated in the page as the start of a function: what is found by which text, in the order of the document.
const squash = s => (s ?? '').replace(/\s+/g, ' ').trim()

// Asking for computedRole or computedName takes a millisecond each on a large page, so few elements are asked: these can have
// the role by themselves, and a name has its first word in one of the usual places, unless it is put together elsewhere.
const roles = {
	button: 'button, summary, input', link: 'a[href]', tab: 'button', heading: 'h1, h2, h3, h4, h5, h6', combobox: 'select, input', checkbox: 'input',
	radio: 'input', textbox: 'input, textarea', searchbox: 'input', dialog: 'dialog', table: 'table', row: 'tr', option: 'option',
}

function mayBeNamed(e, name) {
	const [word] = name.split(' ')
	if (!word || e.hasAttribute('aria-labelledby')) return true
	const inside = [...e.querySelectorAll('[aria-label], [title], [alt]')]
	return [e, ...inside, ...(e.labels ?? [])].some(x =>
		[x.textContent, x.value, x.placeholder, ...['aria-label', 'title', 'alt'].map(a => x.getAttribute(a))].some(t => typeof t === 'string' && t.includes(word)))
}

function find(what) {
	const [, kind, some, rest] = /^(text|role)(\*?)=(.*)$/s.exec(what) ?? []
	if (!kind) return [...document.querySelectorAll(what)]
	const fits = (text, want) => some ? squash(text).includes(want) : squash(text) === want
	if (kind === 'role') {
		const [, role, name] = /^(\S+) ?(.*)$/s.exec(rest) ?? []
		const selector = roles[role] ? `:is(${roles[role]}, [role="${role}"])` : 'body *'
		return [...document.querySelectorAll(selector)].filter(e => mayBeNamed(e, name) && e.computedRole === role && (!name || fits(e.computedName, name)))
	}
	const all = [...document.querySelectorAll('body *')].filter(e => !e.closest('script, style'))
	const fitting = new Set(all.filter(e => fits(e.textContent, rest)))
	for (const e of [...fitting]) for (let up = e.parentElement; up; up = up.parentElement) fitting.delete(up)
	return [...fitting]
}

function visible(e) {
	const { width, height } = e.getBoundingClientRect()
	return width > 0 && height > 0 && e.checkVisibility({ visibilityProperty: true })
}

const seen = what => find(what).filter(visible)
