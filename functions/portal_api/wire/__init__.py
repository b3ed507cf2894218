"""The JSON forms of the API: camelCase, decimals as text, RFC 3339 UTC instants, dates as days."""
