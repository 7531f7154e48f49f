module kotaemon.local/sandbox/crds

go 1.26.6

require (
	github.com/GoogleCloudPlatform/prometheus-engine v0.13.0
	github.com/cert-manager/cert-manager v1.21.2
	github.com/envoyproxy/gateway v1.9.0
	github.com/prometheus-operator/prometheus-operator v0.85.0
	sigs.k8s.io/gateway-api v1.5.1
)
