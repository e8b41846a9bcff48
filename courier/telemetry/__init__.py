"""What courier tells those who watch over it: metrics and traces, made from facts about runs.

For: turning what a witness is told into Prometheus' text and OpenTelemetry's spans.
Not for: deciding anything, nor for what agents or people said: neither leaves here.
"""
