"""Queues of many small jobs on real servers: how fast, how steady, and what survives kills and cancels."""
