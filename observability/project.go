package observability

import (
	"fmt"
	"strings"

	"github.com/tailrace-go/tailrace/pipeline"
)

// project returns the id of the project that spans belong to, "" for none. A bad variable is an
// error too: ignored, it would send the spans to another project.
func (c *CloudExporterConfig) project(env func(string) string) (string, error) {
	id, name := c.ProjectID, "CloudExporterConfig.ProjectID"
	if id == "" {
		id, name = env(envProject), envProject
	}
	if strings.ContainsFunc(id, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' || r == '-')
	}) {
		return "", fmt.Errorf("%w: %s has a character that is no letter, digit, _ or -", pipeline.ErrConfig, name)
	}
	return id, nil
}
