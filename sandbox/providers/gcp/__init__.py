"""Stand-in for the gcp provider (10.2.0): previews without a Google account, and changes nothing."""
