package api

// settingsOperations are about projects, tokens, users and shares.
func (a *API) settingsOperations() []operation { return nil }
