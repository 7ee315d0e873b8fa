// Run before any script of a document, in tests of hostile contents: what is in a page that no page of ours has, and which
// payloads are to be seen as the texts that they are. Judged is what is there, whatever put it there.
(() => {
	const fired = []
	window.__fired = m => { fired.push(m) }

	const tags = new Set(`html head meta link title script body div span a button input select option optgroup textarea label form fieldset legend
		h1 h2 h3 h4 h5 h6 p ul ol li dl dt dd table caption colgroup col thead tbody tfoot tr th td code pre b strong i em del ins mark small sub sup kbd samp var
		time nav main header footer aside section article details summary dialog blockquote q hr br wbr bdi bdo abbr figure figcaption output progress meter datalist search canvas
		svg g path rect circle ellipse line polyline polygon text tspan use defs desc noscript symbol`.split(/\s+/))
	const forbidden = new Set('srcdoc formaction ping background http-equiv poster srcset action data manifest is slot autofocus contenteditable popover nonce'.split(' '))
	const marks = /z\d{3}[a-y]+z/g

	// What objects are made of, before anybody touched it.
	const kinds = [Object, Array, String, Number, Boolean, Function, Promise, RegExp, Date, Map, Set, Error, Element, HTMLElement, Node, Event, URLSearchParams, Response, Storage]
	const { ownKeys, getOwnPropertyDescriptor } = Reflect
	function members(o) {
		const all = new Map()
		for (const k of ownKeys(o)) {
			const d = getOwnPropertyDescriptor(o, k)
			all.set(k, d.value ?? d.get)
		}
		return all
	}
	const pristine = new Map([...kinds, ...kinds.map(k => k.prototype)].map(o => [o, members(o)]))

	// Requests that have no answer yet.
	let pending = 0
	const ask = window.fetch
	window.fetch = (...args) => {
		pending++
		return ask(...args).finally(() => { pending-- })
	}

	const short = e => e.outerHTML.slice(0, 200)

	function judgeAddress(e, name, value, fault) {
		let url
		try { url = new URL(value, document.baseURI) } catch { return fault(`${name}="${value}" is no address: ${short(e)}`) }
		const tag = e.localName
		const embedded = url.protocol === 'data:' && (tag === 'img' && /^data:image\/(png|gif|jpeg|webp)/.test(value) || tag === 'link' && e.rel === 'icon')
		if (embedded || url.protocol === 'blob:' && tag === 'a' && e.hasAttribute('download')) return
		if (!/^https?:$/.test(url.protocol)) fault(`${name} leads to ${url.protocol} ${short(e)}`)
		else if (url.origin !== location.origin && !(tag === 'a' && name === 'href' && e.relList.contains('noreferrer') && e.relList.contains('noopener'))) fault(`${name} leads elsewhere: ${short(e)}`)
	}

	function judgeElement(e, fault) {
		const tag = e.localName
		if (!tags.has(tag) && !(offline && tag === 'style')) fault(`an element ${tag}: ${short(e)}`)
		if (tag === 'script' && !(e.src.startsWith(location.origin + '/assets/') && !e.text)) fault(`a script: ${short(e)}`)
		for (const { name, value } of e.attributes) {
			if (name.startsWith('on') || forbidden.has(name) && !(offline && tag === 'meta') && !(name === 'popover' && value === '')) fault(`an attribute ${name}: ${short(e)}`)
			if (/^(href|src|xlink:href)$/.test(name) && !(value[0] === '#')) judgeAddress(e, name, value, fault)
			if (name === 'style' && /url\(|image-set|@import|expression|javascript:/i.test(value)) fault(`a style: ${value}`)
			// By their names elements become properties of window and of forms.
			if (/^(id|name|class|for)$/.test(name) && marks.test(value)) fault(`${name} is a payload: ${short(e)}`)
			marks.lastIndex = 0
		}
	}

	function judgePrototypes(fault) {
		for (const [o, before] of pristine) {
			const now = members(o)
			for (const [k, v] of now) if (!before.has(k) || !Object.is(before.get(k), v)) fault(`${o.name ?? o.constructor.name + '.prototype'} has another ${String(k)}`)
			for (const k of before.keys()) if (!now.has(k)) fault(`${o.name ?? 'a prototype'} lost ${String(k)}`)
		}
		for (const k in {}) fault(`every object has ${k}`)
		if ({}.polluted !== undefined || [].polluted !== undefined) fault('every object is polluted')
	}

	let offline = false // a file of a style, without scripts; HTML cannot hold a null

	// As HTML shows texts, white space aside; a half of a pair cannot be shown.
	const norm = s => (offline ? s.replace(/\0/g, '\uFFFD') : s).toWellFormed().replace(/\s+/g, ' ')

	const wanted = new Map() // mark -> the text that must be seen whole, or '' for its mark alone
	const faults = new Set()
	const judged = new WeakSet() // all are judged once more in the end

	/** Judges what is new on the page, or all of it again, and takes from what is wanted what can be seen. */
	function look(again = false) {
		const fault = text => { if (faults.size < 30) faults.add(text) }
		for (const m of fired.splice(0)) fault(`payload ${m} ran`)
		for (const e of document.querySelectorAll('*')) {
			if (again || !judged.has(e)) judgeElement(e, fault)
			judged.add(e)
		}
		judgePrototypes(fault)
		if (wanted.size) {
			const text = norm([document.body.textContent, ...[...document.querySelectorAll('input, textarea')].map(e => e.value)].join('\n'))
			for (const m of new Set(text.match(marks))) if (wanted.has(m) && text.includes(wanted.get(m))) wanted.delete(m)
		}
	}

	const frame = () => new Promise(requestAnimationFrame)

	/** Waits until nothing is asked for and nothing changes any more. */
	async function settle(most = 300) {
		for (let calm = 0, last = ''; calm < 3 && most > 0; most--) {
			await frame()
			const now = pending + ' ' + document.all.length + ' ' + document.body.textContent.length
			calm = pending === 0 && now === last && !document.querySelector('main [aria-busy=true], .loading') ? calm + 1 : 0
			last = now
		}
	}

	/** Presses a button again and again, as long as there is one, and reads on. */
	async function press(selector, most = 50) {
		for (; most > 0; most--) {
			await sweep()
			const button = document.querySelector(selector)
			if (!button) return
			button.click()
			await settle()
			look()
		}
	}

	const visible = e => e.checkVisibility() && e.getBoundingClientRect().width > 0

	/** Unfolds what can be unfolded in root, some rounds of it, and looks after each. */
	async function unfold(root, rounds = 12) {
		for (; rounds > 0; rounds--) {
			const closed = [...root.querySelectorAll('button.more, [role=treeitem][aria-expanded=false] > .json-fold, details:not([open]) > summary')]
				.filter(e => visible(e) && !/less/.test(e.textContent))
			if (!closed.length) return
			for (const e of closed.slice(0, 400)) e.click()
			await settle()
			look()
		}
	}

	/** Goes through the tabs of the page but one, unfolding what is in each. */
	async function tabs(but = '', rounds = 12) {
		const names = [...document.querySelectorAll('[role=tab]')].filter(visible).map(e => e.id || e.textContent).filter(name => name !== but)
		for (const name of names) {
			const tab = [...document.querySelectorAll('[role=tab]')].find(e => (e.id || e.textContent) === name)
			tab?.click()
			await settle()
			look()
			await unfold(document.body, rounds)
		}
		return names
	}

	/** Opens each popover and closes it again. */
	async function popovers() {
		const buttons = () => [...document.querySelectorAll('[aria-haspopup]')].filter(visible)
		for (let i = 0; i < buttons().length; i++) {
			buttons()[i].click()
			await settle()
			look()
			document.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }))
			await settle()
		}
		return buttons().length
	}

	/** Scrolls all that scrolls from its top to its end. */
	async function sweep(most = 100) {
		const all = [document.scrollingElement, ...document.querySelectorAll('main *')]
			.filter(e => e.scrollHeight > e.clientHeight + 8 && (e === document.scrollingElement || /auto|scroll/.test(getComputedStyle(e).overflowY)))
		for (const e of all) {
			for (let at = 0, n = 0; n < most; n++) {
				e.scrollTo({ top: at, behavior: 'instant' })
				await settle()
				look()
				if (at + e.clientHeight >= e.scrollHeight - 1) break
				at += e.clientHeight * 0.8
			}
			e.scrollTo({ top: 0, behavior: 'instant' })
		}
	}

	/** Goes to an address of ours as a link does, without loading the page anew. */
	async function go(to) {
		history.pushState(null, '', to)
		dispatchEvent(new PopStateEvent('popstate'))
		await settle()
		look()
	}

	window.__hostile = {
		look, settle, press, unfold, tabs, popovers, sweep, go,
		want: (list, file) => {
			offline = file
			for (const [m, text] of list) wanted.set(m, norm([...text].slice(0, 60).join('')).trim()) // facets are cut at 256 bytes
		},
		faults: () => {
			look(true)
			return [...faults]
		},
		missing: () => [...wanted].map(([m, text]) => m + (text && ' ' + JSON.stringify(text))),
	}
})()
