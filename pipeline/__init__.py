"""Maekrak (맥락, "context"): a sentiment pipeline that shows context resolving ambiguous phrases."""
