"""Data to learn from.

- `faces`: cartoon faces drawn from exact factors, at any size, without end.
"""
