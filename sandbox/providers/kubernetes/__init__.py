"""Stand-in for the kubernetes provider (4.34.2): any object of any API server, through its HTTP API."""
