//go:build tools

// Package tools pins Loki, which the tests send logs to.
package tools

import _ "github.com/grafana/loki/v3/cmd/loki"
