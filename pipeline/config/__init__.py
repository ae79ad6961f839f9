"""Configuration: the schema, merging of YAML files, one-line error messages and names.

Values live in `configs/`, types and bounds in `schema.py`.
"""
