// Package pipelinelog writes the life of a pipeline into a [log/slog.Logger]: that it began, what it loses, which stages
// were restarted, and its ledger at the end. Package pipeline itself logs nothing.
//
// Losses are rate-limited and yet exact. The records are made of [pipeline.Stats], which is read once in a while, so items pay
// nothing for it, and each loss is in one record: the sum of all "lost" is that of all Losses, the Lost of the ledger and of the
// dead letters' own. No record has anything of an item, or the text of an error, which may repeat an item.
package pipelinelog
