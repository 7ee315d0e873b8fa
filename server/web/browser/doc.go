// Package browser drives Chromium for tests of the pages: a page of its own for each test, a server with spans in it, and
// watches over what no page may do. A test says what a person does and sees:
//
//	func TestAFailedRunIsFound(t *testing.T) {
//		site := browser.Server(t, browser.Options{})
//		site.Put(t, browser.Samples, spans)
//		page := browser.Start(t)
//		page.Open(site.URL + "/p/samples/traces")
//		page.Click("role=button Errors")
//		page.WaitFor("text=look up")
//		browser.Axe(t, page)
//	}
//
// # What to act on
//
// Methods that take what accept a CSS selector, or one of
//
//	text=Save           the innermost elements with exactly this text, whatever white space is in it
//	text*=Save          with this text in theirs
//	role=button Save    elements with this role and exactly this name, as a screen reader has them
//	role*=button Save   with this in their name
//	role=button         of any name
//
// and act on the first that is visible. They wait until there is one; what does not come within [Patience] fails the test
// with the address of the page, its text, and a screenshot if the tests run with -artifacts.
//
// # What no page may do
//
// At the end a test fails if one of its pages wrote to the console (violations of the content security policy are written
// there), left an exception uncaught, asked another origin for anything, opened a dialog or a window, or crashed. What a
// test provokes, it declares with [Page.AllowConsole].
//
// Without Chromium tests are skipped, unless the environment says CI=true.
package browser
