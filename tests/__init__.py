"""Tests: pure functions, the whole program under mocks, the real engine and API server."""
