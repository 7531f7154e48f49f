//go:build tools

// Package tools pins Cloud SQL's proxy, which signs the application in to its database.
package tools

import _ "github.com/GoogleCloudPlatform/cloud-sql-proxy/v2"
