//go:build tools

// Package tools pins the Pulumi CLI as a module dependency, so that its exact
// sources and their checksums are recorded in go.sum.
package tools

import _ "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
