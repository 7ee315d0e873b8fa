// Package serve is the trace server as a whole: it opens the data folder, joins ingest and api behind one router,
// listens, and takes all of it down again in the order in which nothing that was acknowledged is lost.
package serve
