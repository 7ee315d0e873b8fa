package api

import "slices"

// settingsOperations are about projects, tokens, users and shares.
func (a *API) settingsOperations() []operation {
	return slices.Concat(a.projectOperations(), a.tokenOperations(), a.loginOperations(), a.userOperations(), a.inviteOperations(), a.shareOperations())
}
