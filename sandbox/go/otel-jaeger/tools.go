//go:build tools

// Package tools pins Jaeger, which tests send traces to.
package tools

import _ "github.com/jaegertracing/jaeger/cmd/all-in-one"
