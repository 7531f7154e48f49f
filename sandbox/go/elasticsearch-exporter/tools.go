//go:build tools

// Package tools pins the Elasticsearch exporter.
package tools

import _ "github.com/prometheus-community/elasticsearch_exporter"
