package browser

// Settle waits until a page has text, nothing of it says that it is busy, and it has asked for nothing more for a while.
func (p *Page) Settle() {
	p.t.Helper()
	p.WaitUntil(settled)
}

// A skeleton of what is to come says that the page is busy too.
const settled = `(async () => {
	for (let before = ""; ;) {
		const busy = !document.body.innerText.trim() || document.querySelector("[aria-busy=true], .loading:not(.guide *)")
		const now = busy ? "" : performance.getEntriesByType("resource").length + " " + location.href
		if (now && now === before) return true
		before = now
		await new Promise(done => setTimeout(done, 120))
	}
})()`
