"""Tests of what watches a stack."""
