package browser

import (
	_ "embed"
	"encoding/json"
	"fmt"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

//go:embed find.js
var findJS string

// ask evaluates the body of a function in which what to act on can be looked for.
func ask[V any](p *Page, body string, args ...any) (V, error) {
	names, values := "", ""
	for i, arg := range args {
		text, err := json.Marshal(arg)
		if err != nil {
			var zero V
			return zero, err
		}
		names += fmt.Sprintf("a%d,", i)
		values += string(text) + ","
	}
	js := "(async (" + names + ") => {" + findJS + body + "})(" + values + ")"
	return try(p, p.patience, chromedp.Evaluate[V](js, chromedp.EvalAwaitPromise, chromedp.EvalAsValue))
}

// want waits until the body of a function gives a value; until then it gives text that says what is missing.
func want[V any](p *Page, what, body string, args ...any) V {
	p.t.Helper()
	type answer struct {
		Value   *V
		Missing string
	}
	var last answer
	p.await(what, func() (bool, error) {
		var err error
		last, err = ask[answer](p, body, args...)
		if err == nil && last.Value == nil {
			err = fmt.Errorf("%s", last.Missing)
		}
		return last.Value != nil, err
	})
	return *last.Value
}

// WaitFor waits until what is visible.
func (p *Page) WaitFor(what string) {
	p.t.Helper()
	want[bool](p, what, `return seen(a0).length ? {Value: true} : {Missing: find(a0).length + " of it, none visible"}`, what)
}

// WaitGone waits until nothing of what is visible.
func (p *Page) WaitGone(what string) {
	p.t.Helper()
	want[bool](p, what+" to go", `const n = seen(a0).length; return n ? {Missing: n + " of it are visible"} : {Value: true}`, what)
}

// WaitCount waits until n of what are visible.
func (p *Page) WaitCount(what string, n int) {
	p.t.Helper()
	want[bool](p, fmt.Sprintf("%d of %s", n, what),
		`const n = seen(a0).length; return n === a1 ? {Value: true} : {Missing: n + " of it are visible"}`, what, n)
}

// WaitText waits until the first visible of what shows exactly this text.
func (p *Page) WaitText(what, text string) {
	p.t.Helper()
	want[bool](p, what+" to show "+text,
		`const e = seen(a0)[0]; return e && squash(e.innerText) === a1 ? {Value: true} : {Missing: "it shows " + e?.innerText}`, what, text)
}

// WaitUntil waits until an expression of JavaScript is true, or promises something that is.
func (p *Page) WaitUntil(js string) {
	p.t.Helper()
	want[bool](p, js, `const v = await (`+js+`); return v ? {Value: true} : {Missing: "it is " + v}`)
}

// Count says how many of what are visible now.
func (p *Page) Count(what string) int {
	p.t.Helper()
	n, err := ask[int](p, `return seen(a0).length`, what)
	if err != nil {
		p.fatalf("count %s: %v", what, err)
	}
	return n
}

// Text waits for what and returns its text as it is shown.
func (p *Page) Text(what string) string {
	p.t.Helper()
	return want[string](p, what, `const e = seen(a0)[0]; return e ? {Value: e.innerText} : {Missing: "none is visible"}`, what)
}

// Texts returns the text of each of what that is visible now.
func (p *Page) Texts(what string) []string {
	p.t.Helper()
	texts, err := ask[[]string](p, `return seen(a0).map(e => e.innerText)`, what)
	if err != nil {
		p.fatalf("texts of %s: %v", what, err)
	}
	return texts
}

// Attribute waits for what and returns an attribute of it, "" if it has none of this name.
func (p *Page) Attribute(what, name string) string {
	p.t.Helper()
	return want[string](p, what, `const e = seen(a0)[0]; return e ? {Value: e.getAttribute(a1) ?? ""} : {Missing: "none is visible"}`, what, name)
}

// Focused says what has the focus, as a screen reader does: "button Save", "link", or "" for nothing in particular.
func (p *Page) Focused() string {
	p.t.Helper()
	return Eval[string](p, `(e => e && e !== document.body ? [e.computedRole, e.computedName].join(" ").trim() : "")(document.activeElement)`)
}

// point is a place in the viewport, in CSS pixels.
type point struct{ X, Y float64 }

// reach waits until a point of what can be pointed at, which is scrolled into view if need be: it stands still and
// nothing covers it. The point is given in parts of the width and height that are in view.
func (p *Page) reach(what string, at point) point {
	p.t.Helper()
	return want[point](p, what+" to point at", `
		const e = seen(a0)[0]
		if (!e) return {Missing: find(a0).length + " of it, none visible"}
		e.scrollIntoViewIfNeeded()
		const place = async () => {
			const b = await new Promise(done => new IntersectionObserver(([seen], o) => { o.disconnect(); done(seen.intersectionRect) }).observe(e))
			return {X: b.x + b.width * a1.X, Y: b.y + b.height * a1.Y}
		}
		const before = await place()
		await new Promise(requestAnimationFrame)
		const now = await place()
		if (before.X !== now.X || before.Y !== now.Y) return {Missing: "it moves"}
		const hit = document.elementFromPoint(now.X, now.Y)
		if (!e.contains(hit) && hit?.closest("label")?.control !== e) return {Missing: "it is covered by " + hit?.outerHTML.slice(0, 200)}
		return {Value: now}`, what, at)
}

var middle = point{0.5, 0.5}

// Click clicks the middle of what, as soon as a person could.
func (p *Page) Click(what string) {
	p.t.Helper()
	p.steps++
	at := p.reach(what, middle)
	p.do("click "+what, chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, at.X, at.Y), chromedp.MouseClickXY(at.X, at.Y))
}

// Hover points at the middle of what.
func (p *Page) Hover(what string) {
	p.t.Helper()
	at := p.reach(what, middle)
	p.do("hover "+what, chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, at.X, at.Y))
}

// Drag drags over what from one part of its width to another, in the middle of its height: Drag(what, 0.25, 0.75).
func (p *Page) Drag(what string, from, to float64) {
	p.t.Helper()
	p.steps++
	start := p.reach(what, point{from, 0.5})
	end := p.reach(what, point{to, 0.5})
	left := chromedp.ButtonLeft
	steps := []chromedp.Action[chromedp.Void]{
		chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, start.X, start.Y),
		chromedp.MouseEvent(input.DispatchMouseEventTypeMousePressed, start.X, start.Y, left, chromedp.ClickCount(1)),
	}
	for i := 1.0; i <= 4; i++ {
		steps = append(steps, chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, start.X+(end.X-start.X)*i/4, end.Y, left))
	}
	p.do("drag over "+what, append(steps, chromedp.MouseEvent(input.DispatchMouseEventTypeMouseReleased, end.X, end.Y, left, chromedp.ClickCount(1)))...)
}

// wheel is input.DispatchMouseEvent, whose parameters leave out what is 0, which the browser wants to have.
var wheel = cdp.Command[wheelParams, cdp.Empty]{Method: input.CommandDispatchMouseEvent}

type wheelParams struct {
	Type   input.DispatchMouseEventType `json:"type"`
	X      float64                      `json:"x"`
	Y      float64                      `json:"y"`
	DeltaX float64                      `json:"deltaX"`
	DeltaY float64                      `json:"deltaY"`
}

// Wheel turns the wheel of the mouse over the middle of what, and waits for the next frame. Positive is right and down, in
// CSS pixels.
func (p *Page) Wheel(what string, dx, dy float64) {
	p.t.Helper()
	at := p.reach(what, middle)
	call(p, wheel, wheelParams{Type: input.DispatchMouseEventTypeMouseWheel, X: at.X, Y: at.Y, DeltaX: dx, DeltaY: dy})
	Eval[bool](p, `new Promise(done => requestAnimationFrame(() => done(true)))`)
}

// Scroll scrolls what, or what it scrolls with, down by dy CSS pixels in each of n frames, and waits for the last one. It
// asks nothing between frames, so it is for [Frames]; Wheel is closer to a person.
func (p *Page) Scroll(what string, dy float64, n int) {
	p.t.Helper()
	want[bool](p, what+" to scroll", `
		let e = seen(a0)[0]
		if (!e) return {Missing: "none is visible"}
		while (e !== document.scrollingElement && e.parentElement &&
			(e.scrollHeight <= e.clientHeight || !/auto|scroll/.test(getComputedStyle(e).overflowY))) e = e.parentElement
		for (let i = 0; i < a2; i++) {
			e.scrollBy({top: a1, behavior: "instant"})
			await new Promise(requestAnimationFrame)
		}
		return {Value: true}`, what, dy, n)
}

// Type puts the cursor into what, a field, and types text in place of what is in it, key by key.
func (p *Page) Type(what, text string) {
	p.t.Helper()
	p.Click(what)
	want[bool](p, what+" to type into", `
		const e = seen(a0)[0]
		if (!e || document.activeElement !== e) return {Missing: "the cursor is not in it"}
		e.select?.()
		return {Value: true}`, what)
	if text == "" {
		text = "\b"
	}
	p.do("type into "+what, chromedp.KeyEvent(text))
}

// Choose chooses the option with this text or value in what, a select.
func (p *Page) Choose(what, option string) {
	p.t.Helper()
	p.steps++
	want[bool](p, option+" in "+what, `
		const e = seen(a0)[0]
		const o = [...(e?.options ?? [])].find(o => squash(o.text) === a1 || o.value === a1)
		if (!o) return {Missing: "it has " + [...(e?.options ?? [])].map(o => o.text)}
		e.focus()
		e.value = o.value
		e.dispatchEvent(new Event("input", {bubbles: true}))
		e.dispatchEvent(new Event("change", {bubbles: true}))
		return {Value: true}`, what, option)
}
