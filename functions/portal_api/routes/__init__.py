"""The addresses of the JSON API, one module per subject: read the request, call, answer."""
