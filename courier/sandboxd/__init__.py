"""The embedded E2B-compatible server: control plane, process and filesystem services, isolation.

For: running sandboxes on this machine, loopback only, as faithful to E2B as one machine allows.
Not for: anything courier-specific; it serves the unmodified E2B SDKs and knows nothing of runs.
"""
