"""The report of explain: predictions piece by piece, attribution, gates, gradient flow, and the page around them.

One figure or method a file.
"""
