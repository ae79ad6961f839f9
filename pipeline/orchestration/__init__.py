"""Orchestration: what a stage is made from, whether it must run again, and running it.

No stage knows of this room.
"""
