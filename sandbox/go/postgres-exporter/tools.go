//go:build tools

// Package tools pins the PostgreSQL exporter.
package tools

import _ "github.com/prometheus-community/postgres_exporter/cmd/postgres_exporter"
