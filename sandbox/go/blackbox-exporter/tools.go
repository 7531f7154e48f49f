//go:build tools

// Package tools pins the blackbox exporter.
package tools

import _ "github.com/prometheus/blackbox_exporter"
