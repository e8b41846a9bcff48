"""The `e2b` SDK behind the sandboxes port: E2B's cloud and the embedded server alike.

For: translating the port's promises to the SDK, and its errors to ours.
Not for: deciding when a sandbox is needed, nor for serving one (that is `courier.sandboxd`).
"""
